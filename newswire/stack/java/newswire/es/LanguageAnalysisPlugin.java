package newswire.es;

import java.io.Reader;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.charfilter.HTMLStripCharFilter;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.LetterTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.ngram.NGramTokenFilter;
import org.apache.lucene.analysis.reverse.ReverseStringFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.elasticsearch.index.analysis.PreConfiguredCharFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.indices.analysis.PreBuiltCacheFactory.CachingStrategy;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestHandler;

/** Gives Lucene's own analysis classes the names under which Elasticsearch's unpublished analysis module offers them. */
public final class LanguageAnalysisPlugin extends Plugin implements AnalysisPlugin, ActionPlugin {

    /** What a filter does to a stream of tokens. */
    private interface Step extends Function<TokenStream, TokenStream> {}

    private static final Map<String, Step> PLAIN_FILTERS = Map.of(
        "asciifolding", ASCIIFoldingFilter::new,
        "german_normalization", GermanNormalizationFilter::new,
        "kstem", KStemFilter::new,
        "porter_stem", PorterStemFilter::new,
        "remove_duplicates", RemoveDuplicatesTokenFilter::new,
        "reverse", ReverseStringFilter::new,
        "trim", TrimFilter::new);

    private ClusterService cluster;

    @Override
    public Collection<?> createComponents(PluginServices services) {
        cluster = services.clusterService();
        return List.of();
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
        RestHandlersServices services, Supplier<DiscoveryNodes> nodes, Predicate<NodeFeature> features) {
        return List.of(new RootInfoHandler(cluster));
    }

    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> providers = new TreeMap<>();
        Languages.ANALYZERS.forEach((language, make) ->
            providers.put(language, (index, environment, name, settings) -> new LanguageProvider(name, make.get())));
        return providers;
    }

    @Override
    public List<PreBuiltAnalyzerProviderFactory> getPreBuiltAnalyzerProviderFactories() {
        return Languages.ANALYZERS.entrySet().stream()
            .map(entry -> new PreBuiltAnalyzerProviderFactory(entry.getKey(), CachingStrategy.LUCENE, entry.getValue()))
            .toList();
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        Map<String, AnalysisProvider<TokenFilterFactory>> filters = new TreeMap<>();
        PLAIN_FILTERS.forEach((id, step) ->
            filters.put(id, (index, environment, name, settings) -> new PlainFilter(name, step)));
        put(filters, "stemmer", settings -> stemmer(settings.get("language", settings.get("name", "english"))));
        put(filters, "edge_ngram", settings -> in -> new EdgeNGramTokenFilter(in, minGram(settings), maxGram(settings), keeps(settings)));
        put(filters, "ngram", settings -> in -> new NGramTokenFilter(in, minGram(settings), maxGram(settings), keeps(settings)));
        return filters;
    }

    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return PLAIN_FILTERS.entrySet().stream()
            .map(entry -> PreConfiguredTokenFilter.singleton(entry.getKey(), true, entry.getValue()))
            .toList();
    }

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(
            PreConfiguredTokenizer.singleton("keyword", KeywordTokenizer::new),
            PreConfiguredTokenizer.singleton("letter", LetterTokenizer::new),
            PreConfiguredTokenizer.singleton("whitespace", WhitespaceTokenizer::new));
    }

    @Override
    public Map<String, AnalysisProvider<CharFilterFactory>> getCharFilters() {
        return Map.of("html_strip", (index, environment, name, settings) -> new TagStripper(name));
    }

    @Override
    public List<PreConfiguredCharFilter> getPreConfiguredCharFilters() {
        return List.of(PreConfiguredCharFilter.singleton("html_strip", false, HTMLStripCharFilter::new));
    }

    private static void put(Map<String, AnalysisProvider<TokenFilterFactory>> filters, String id, Function<Settings, Step> make) {
        filters.put(id, AnalysisPlugin.requiresAnalysisSettings(
            (index, environment, name, settings) -> new SetFilter(name, make.apply(settings))));
    }

    private static Step stemmer(String language) {
        return switch (language) {
            case "possessive_english" -> EnglishPossessiveFilter::new;
            case "porter" -> in -> new SnowballFilter(in, "Porter");
            case "porter2" -> in -> new SnowballFilter(in, "English");
            default -> in -> new SnowballFilter(in, Character.toUpperCase(language.charAt(0)) + language.substring(1));
        };
    }

    private static int minGram(Settings settings) {
        return settings.getAsInt("min_gram", 1);
    }

    private static int maxGram(Settings settings) {
        return settings.getAsInt("max_gram", 2);
    }

    private static boolean keeps(Settings settings) {
        return settings.getAsBoolean("preserve_original", false);
    }

    /** A filter without settings, which a normalizer may use too. */
    private record PlainFilter(String name, Step step) implements NormalizingTokenFilterFactory {
        @Override
        public TokenStream create(TokenStream in) {
            return step.apply(in);
        }
    }

    /** A filter made to the settings of an index. */
    private record SetFilter(String name, Step step) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream in) {
            return step.apply(in);
        }
    }

    private record TagStripper(String name) implements CharFilterFactory {
        @Override
        public Reader create(Reader in) {
            return new HTMLStripCharFilter(in);
        }
    }

    private static final class LanguageProvider extends AbstractIndexAnalyzerProvider<Analyzer> {

        private final Analyzer analyzer;

        LanguageProvider(String name, Analyzer analyzer) {
            super(name);
            this.analyzer = analyzer;
        }

        @Override
        public Analyzer get() {
            return analyzer;
        }
    }
}
