"""Lines that sites put between the paragraphs of an article, in several languages."""

from __future__ import annotations

import re

_MAX_CHARS = 250
_WHOLE = re.compile(
    r"^\W*(?:advertisement|advertising|anzeige|werbung|publicidad|publicidade|publicité|pubblicità|reklama?|reklame|advertentie|annons|mainos|реклама|إعلان"
    r"|sponsored(?: content)?|promoted|loading.*|share(?: (?:this|on|via|article|story).{0,40})?|comments?|\d+ comments?|print|email|tweet|save|follow us|subscribe"
    r"|related(?: (?:articles?|stories|content|topics|news|coverage|links?|posts?))?|more (?:stories|news|on this|from|coverage).{0,60}|most (?:read|popular|viewed|shared)"
    r"|recommended(?: (?:for you|stories|videos?))?|you may also like|you might also like|trending(?: now)?|read more|read next|continue reading|story continues.*|article continues.*"
    r"|keep reading|show more|view (?:more|all|comments|gallery).*|watch(?: now| more)?|sign (?:up|in).*|log in|skip (?:to|ad).*|close|play|pause|next|previous|back to top|top|home"
    r"|advertisement.{0,30}|image (?:source|caption|copyright).*|getty images|image|photo|video|caption|media caption.*"
    r"|mehr zum thema|lesen sie auch|das könnte sie auch interessieren|teilen|kommentare?|drucken|lire aussi|à lire aussi|partager|lea también|leer más|te puede interesar|compartir"
    r"|leia (?:mais|também)|compartilhe|leggi anche|condividi|lees ook|читайте также|поделиться|اقرأ أيضا|続きを読む|関連記事|相关阅读|相關新聞|延伸閱讀)\W*$",
    re.IGNORECASE,
)
_BEGIN = re.compile(
    r"^\W*(?:(?:additional )?report(?:ing|ed) by\b|read (?:more|also|next|the full|this)\b|see also\b|also read\b|related\s*:|more\s*:|watch\s*:|listen\s*:|video\s*:|photos?\s*:|click here\b|sign up (?:for|to|here|now)"
    r"|subscribe (?:to|now|for)|follow (?:us|@|\w+ on (?:twitter|facebook|instagram))|get (?:the|our|all) .{0,40}(?:newsletter|inbox|app\b)|download (?:the|our)|join (?:our|the) .{0,30}(?:newsletter|whatsapp|telegram|community)"
    r"|©|\(c\)|copyright\b|all rights reserved|(?:photo|image|picture|foto|bild|credit|source|quelle)s?(?: by| credit| source)?\s*[:/©]|photograph(?:er|s)?\s*[:]|getty images|share this|we use cookies|this (?:site|website) uses cookies"
    r"|by (?:signing up|clicking|subscribing|continuing)|your email|enter your|please (?:enable|sign|log|subscribe|note that your)|javascript|your browser|to comment|comments are closed"
    r"|lesen sie (?:auch|hier|mehr|dazu)|auch interessant|mehr (?:zum thema|dazu)|lire (?:aussi|également)|à lire|voir aussi|lea (?:también|más)|lee (?:también|más)|leia (?:também|mais)|leggi (?:anche|tutto)"
    r"|lees (?:ook|meer)|läs (?:också|även|mer)|les også|læs også|lue myös|czytaj (?:też|także|więcej)|zobacz (?:też|także)|čtěte (?:také|více)|olvass|citește și|прочитайте|читайте|смотрите также|اقرأ)",
    re.IGNORECASE,
)  # fmt: skip


_DATED = re.compile(
    r"^\W*(?:(?:stand|updated?|published|posted|last (?:updated|modified)|created|publicado|actualizado|atualizado|publié|aggiornato|veröffentlicht|aktualisiert|modifié|opublikowano|опубликовано)\b.{0,25})?"
    r"(?:\w{2,12}[.,]?\s+)?(?:\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}\.?\s(?:de\s)?\w{3,10}\.?,?\s(?:de\s)?\d{4}|\w{3,10}\.?\s\d{1,2},?\s\d{4})(?!\d)(?=\W*$|\s*[-–|,·]|\s*(?:at|um|às|a las|à|kl)?\s*\d{1,2}[:.h]\d\d)",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"\bcookies?\b.{0,300}\b(?:website|browser|consent|privacy|experience|settings|functionalit|personali[sz]|preferences|accept|zustimm|einwillig|akzept|consentement|acept|navigat|user experience)"
    r"|\b(?:consent|accept|privacy|zustimm|akzept|consentement|acept)\w*\b.{0,300}\bcookies?\b",
    re.IGNORECASE | re.DOTALL,
)
_MAX_CONSENT_CHARS = 700


def is_consent(text: str) -> bool:
    """Tell whether a paragraph asks for consent to cookies."""
    return len(text) <= _MAX_CONSENT_CHARS and "ookie" in text and bool(_CONSENT.search(text))


_DEMAND = re.compile(
    r"\b(?:cookies?|consent|ad[- ]?block(?:er)?|javascript|log ?in|sign ?in|sign ?up|register|subscri\w+|abonn\w+|suscr\w+|assin\w+|abbonat\w*|anmelden|einloggen"
    r"|registrieren|zustimm\w+|akzept\w+|accept\w*|acept\w+|accett\w+|consent\w*|privacidad|datenschutz|privacy|captcha|abónese|inicie sesión|connectez|partners?|socios|Partnern?)\b"
    r"|クッキー|同意|ログイン|登录|注册|الموافقة|ملفات تعريف|подписк|согласи",
    re.IGNORECASE,
)


def is_demand(text: str) -> bool:
    """Tell whether a paragraph wants something of the reader before it shows the article."""
    return len(text) <= _MAX_CONSENT_CHARS and bool(_DEMAND.search(text))


def is_boilerplate(text: str) -> bool:
    """Tell whether a line is the site's and not the article's."""
    if len(text) > _MAX_CHARS:
        return is_consent(text)
    if len(text) < 120 and _DATED.match(text):
        return True
    return is_consent(text) or bool(_WHOLE.match(text) or _BEGIN.match(text))
