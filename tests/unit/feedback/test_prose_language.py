"""In which language a text is, and in which it may be."""

import pytest

from feedback.prose.language import allowed_languages, language_of, wrong_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Some rows of the table have no price, so what should you do with them?", "en"),
        ("Einige Zeilen der Tabelle haben keinen Preis, was ist mit denen zu tun?", "de"),
        ("Certaines lignes de la table ne sont pas dans le bon ordre, que faire avec elles ?", "fr"),
        ("Algunas filas de la tabla no tienen precio, pero la columna es correcta", "es"),
        ("Некоторые строки таблицы не имеют цены", "ru"),
        ("表格中的一些行没有价格", "zh"),
        ("いくつかの行には値段がありません", "ja"),
        ("일부 행에는 가격이 없습니다", "ko"),
        ("بعض الصفوف ليس لها سعر", "ar"),
        ("ok", None),
        ("`table.dropna()` and `df_priced`", None),
        ("", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_a_language_is_wrong_only_when_it_is_surely_another() -> None:
    german = "Einige Zeilen der Tabelle haben keinen Preis, was ist mit denen zu tun?"
    assert wrong_language(german, ["en", "fr"])
    assert not wrong_language(german, ["de-CH"])
    assert not wrong_language(german, [])
    assert not wrong_language("ok", ["fr"])
    assert not wrong_language("Деякі рядки таблиці не мають ціни", ["uk"])


def test_languages_are_the_cases_or_the_learners() -> None:
    german = "Warum ist die Tabelle nicht so, wie sie sein soll?"
    assert allowed_languages(("fr",), [german]) == ("fr",)
    assert allowed_languages((), ["ok", german]) == ("en", "de")
    assert "de" in allowed_languages((), ["ok"])
    assert "zh" not in allowed_languages((), ["ok"])
    assert wrong_language("表格中的一些行没有价格", allowed_languages((), ["ok"]))
