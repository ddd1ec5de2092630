package newswire.es;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.bn.BengaliAnalyzer;
import org.apache.lucene.analysis.br.BrazilianAnalyzer;
import org.apache.lucene.analysis.ca.CatalanAnalyzer;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.ckb.SoraniAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.eu.BasqueAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.gl.GalicianAnalyzer;
import org.apache.lucene.analysis.hi.HindiAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.hy.ArmenianAnalyzer;
import org.apache.lucene.analysis.id.IndonesianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sr.SerbianAnalyzer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;

/**
 * Lucene's language analyzers under the names that Elasticsearch gives them.
 *
 * <p>Thai is missing: the Java runtime in use has no Thai word breaking, and its analyzer would fail at every index creation.
 */
final class Languages {

    static final Map<String, Supplier<Analyzer>> ANALYZERS = new TreeMap<>();

    static {
        ANALYZERS.put("arabic", ArabicAnalyzer::new);
        ANALYZERS.put("armenian", ArmenianAnalyzer::new);
        ANALYZERS.put("basque", BasqueAnalyzer::new);
        ANALYZERS.put("bengali", BengaliAnalyzer::new);
        ANALYZERS.put("brazilian", BrazilianAnalyzer::new);
        ANALYZERS.put("bulgarian", BulgarianAnalyzer::new);
        ANALYZERS.put("catalan", CatalanAnalyzer::new);
        ANALYZERS.put("cjk", CJKAnalyzer::new);
        ANALYZERS.put("czech", CzechAnalyzer::new);
        ANALYZERS.put("danish", DanishAnalyzer::new);
        ANALYZERS.put("dutch", DutchAnalyzer::new);
        ANALYZERS.put("english", EnglishAnalyzer::new);
        ANALYZERS.put("estonian", EstonianAnalyzer::new);
        ANALYZERS.put("finnish", FinnishAnalyzer::new);
        ANALYZERS.put("french", FrenchAnalyzer::new);
        ANALYZERS.put("galician", GalicianAnalyzer::new);
        ANALYZERS.put("german", GermanAnalyzer::new);
        ANALYZERS.put("greek", GreekAnalyzer::new);
        ANALYZERS.put("hindi", HindiAnalyzer::new);
        ANALYZERS.put("hungarian", HungarianAnalyzer::new);
        ANALYZERS.put("indonesian", IndonesianAnalyzer::new);
        ANALYZERS.put("irish", IrishAnalyzer::new);
        ANALYZERS.put("italian", ItalianAnalyzer::new);
        ANALYZERS.put("latvian", LatvianAnalyzer::new);
        ANALYZERS.put("lithuanian", LithuanianAnalyzer::new);
        ANALYZERS.put("norwegian", NorwegianAnalyzer::new);
        ANALYZERS.put("persian", PersianAnalyzer::new);
        ANALYZERS.put("portuguese", PortugueseAnalyzer::new);
        ANALYZERS.put("romanian", RomanianAnalyzer::new);
        ANALYZERS.put("russian", RussianAnalyzer::new);
        ANALYZERS.put("serbian", SerbianAnalyzer::new);
        ANALYZERS.put("sorani", SoraniAnalyzer::new);
        ANALYZERS.put("spanish", SpanishAnalyzer::new);
        ANALYZERS.put("swedish", SwedishAnalyzer::new);
        ANALYZERS.put("turkish", TurkishAnalyzer::new);
    }

    private Languages() {}
}
