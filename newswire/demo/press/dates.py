"""Write dates and weekdays around the epoch in each language of the press."""

from __future__ import annotations

import datetime as dt
import re

WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "ar": "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
    "ja": "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "ja": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
}
LONG = {
    "en": "{day} {month} {year}",
    "es": "{day} de {month} de {year}",
    "de": "{day}. {month} {year}",
    "fr": "{day} {month} {year}",
    "ar": "{day} {month} {year}",
    "ja": "{year}年{month}{day}日",
}
_DAY = re.compile(r"\{(day|date)([+-]\d+)?\}")


def long_date(day: dt.date, language: str) -> str:
    """Return a date as a page prints it, such as `4 March 2026`."""
    return LONG[language].format(day=day.day, month=MONTHS[language].split()[day.month - 1], year=day.year)


def name_days(text: str, day: dt.date, language: str) -> str:
    """Replace `{day}`, `{day-1}` and `{date+3}` by the weekday or date that many days from `day`."""

    def name(found: re.Match[str]) -> str:
        meant = day + dt.timedelta(days=int(found[2] or 0))
        return WEEKDAYS[language].split()[meant.weekday()] if found[1] == "day" else long_date(meant, language)

    return _DAY.sub(name, text)
