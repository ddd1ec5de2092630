"""A page is decoded once, and correctly, whatever page and server declare."""

from __future__ import annotations

import pytest

from consumers.parse.input.charset import decode

SPANISH = "La función empezó a las ocho: señores, señoras, niños y niñas llenaron el salón. ¿Quién lo había soñado?"
RUSSIAN = "Мастерская открылась в субботу, и к вечеру заработали семнадцать приёмников из тридцати одного."


@pytest.mark.parametrize("label", ["utf-8", "iso-8859-1", "", "no-such-charset"])
def test_utf8_is_utf8_whatever_is_declared(label):
    """Strict UTF-8 outweighs every label."""
    raw = f'<meta charset="{label}">{SPANISH}'.encode()
    assert decode(raw, label).text.endswith(SPANISH)
    assert decode(raw, label).charset == "utf-8"


@pytest.mark.parametrize(("text", "charset"), [(SPANISH, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r")])
@pytest.mark.parametrize("label", ["utf-8", None])
def test_a_legacy_page_is_recognised_without_help(text, charset, label):
    """Undeclared, or wrongly declared as UTF-8, a legacy charset is detected."""
    meta = f'<meta charset="{label}">' if label else ""
    assert decode(f"{meta}<p>{text * 3}</p>".encode(charset), label).text.endswith(f"{text * 3}</p>")


def test_http_and_meta_name_the_charset():
    """A declared charset that fits strictly is taken; labels mean what browsers read under them."""
    assert decode("“quoted”".encode("cp1252"), "iso-8859-1").text == "“quoted”"
    assert decode('<meta charset="gb2312">鎔'.encode("gb18030")).text.endswith("鎔")


@pytest.mark.parametrize(
    ("label", "text", "codec"),
    [
        ("x-gbk", "渡轮恢复航行", "gb18030"),
        ("gb2312", "鎔", "gb18030"),
        ("cp936", "渡轮恢复航行", "gb18030"),
        ("windows-949", "밤 배가 다시 다닌다 똠방", "cp949"),
        ("cp949", "밤 배가 다시 다닌다 똠방", "cp949"),
        ("ks_c_5601-1987", "밤 배가 다시 다닌다", "cp949"),
        ("x-cp1251", "Мастерская", "cp1251"),
        ("windows-874", "เรือข้ามฟาก “ใหม่”", "cp874"),
        ("tis-620", "เรือข้ามฟาก", "cp874"),
        ("iso-8859-8-i", "המעבורת", "iso8859-8"),
        ("logical", "המעבורת", "iso8859-8"),
        ("x-euc-jp", "朝市の夜", "euc_jp"),
        ("sjis", "朝市の夜 ①", "cp932"),
        ("cn-big5", "夜間渡輪", "big5hkscs"),
        ("latin-1", "“señor”", "cp1252"),
        ("iso_8859-1:1987", "“señor”", "cp1252"),
        ("latin5", "“şehir”", "cp1254"),
        ("x-mac-cyrillic", "Мастерская", "mac-cyrillic"),
        (" 'ISO-8859-9' ", "şehir", "cp1254"),
    ],
)
def test_a_label_means_what_browsers_read_under_it(label, text, codec):
    """Old, vendors' and Python's labels lead to the superset that pages really use (WHATWG Encoding Standard)."""
    found = decode(f"<p>{text}</p>".encode(codec), label)
    assert (found.text, found.charset, found.source) == (f"<p>{text}</p>", codec, "declared")


@pytest.mark.parametrize(
    "label", ["hex", "rot13", "idna", "punycode", "unicode_escape", "x-user-defined", "replacement", "\0"]
)
def test_a_label_that_is_no_charset_for_text_is_ignored(label):
    """Python knows codecs that are not for pages: none of them is used, and none of them raises."""
    raw = f'<meta charset="{label}"><p>{SPANISH * 3}</p>'.encode("cp1252")
    assert decode(raw, label).text.endswith(f"{SPANISH * 3}</p>")


def test_a_few_broken_bytes_leave_a_page_utf8():
    """One broken character in a long page does not make it Latin-1."""
    found = decode(RUSSIAN.encode() * 20 + b"\xd0")
    assert found.source == "damaged utf-8"
    assert found.text.startswith(RUSSIAN)


def test_seven_bit_japanese_is_not_taken_for_utf8():
    """ISO-2022-JP is valid UTF-8 byte by byte; its label decides."""
    assert decode('<meta charset="iso-2022-jp">朝市'.encode("iso2022_jp")).text.endswith("朝市")


def test_marks_of_byte_order_go_first():
    """UTF-16 with its mark is read, and the mark is gone."""
    assert decode("\ufeffábc".encode("utf-16-le")).text == "ábc"
    assert decode(b"\xef\xbb\xbf<p>").text == "<p>"


@pytest.mark.parametrize(("letters", "source"), [(50, "damaged utf-8"), (49, None)])
def test_less_than_two_per_cent_of_broken_bytes_is_utf8(letters, source):
    """Two broken bytes among 102 that are not ASCII; among 100 they are a sign of another charset."""
    found = decode(("ж" * letters).encode() + b"\xff\xff")
    assert (found.source == "damaged utf-8") == (source is not None)


@pytest.mark.parametrize(("padding", "is_declared"), [(0, True), (1, False)])
def test_a_meta_counts_within_the_first_eight_kilobytes(padding, is_declared):
    """Pages put long comments before it, and texts about charsets come later."""
    meta = '<meta charset="koi8-r"'
    page = f"{'x' * (8192 - len(meta) + 1 + padding)}{meta}>{RUSSIAN[:9]}"
    assert (decode(page.encode("koi8-r")).source == "declared") == is_declared
