"""Telling languages apart."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.signals.language import detect_language

from .more_prompts import CASUAL, FOREIGN
from .prompts import PROMPTS

SENTENCES = {
    "en": "The committee met on Tuesday to discuss the budget and decided that the new library would be opened in the spring.",
    "de": "Der Ausschuss beschloss am Dienstag, dass die neue Bibliothek im Frühling eröffnet wird.",
    "fr": "Le comité s'est réuni mardi pour discuter du budget et a décidé que la bibliothèque serait ouverte au printemps.",
    "es": "El comité se reunió el martes para hablar del presupuesto y decidió que la nueva biblioteca se abriría en primavera.",
    "it": "Il comitato si è riunito martedì per discutere del bilancio e ha deciso che la nuova biblioteca aprirà in primavera.",
    "pt": "A comissão decidiu ontem que não há dinheiro para a nova biblioteca, mas isso ainda pode mudar.",
    "nl": "De commissie kwam dinsdag bijeen om de begroting te bespreken en besloot dat de bibliotheek in het voorjaar opengaat.",
    "pl": "Komitet zebrał się we wtorek, aby omówić budżet, i zdecydował, że nowa biblioteka zostanie otwarta na wiosnę.",
    "sv": "Kommittén träffades på tisdagen för att diskutera budgeten och beslutade att det nya biblioteket ska öppna till våren.",
    "da": "Udvalget besluttede, at det nye bibliotek skal åbne af hensyn til byen, og hvad det koster, er der ikke meget at sige om.",
    "no": "Komiteen bestemte at det nye biblioteket skal åpne av hensyn til byen, og hva det koster, er det ikke mye å si om.",
    "fi": "Valiokunta päätti, että uusi kirjasto avataan keväällä, mutta se ei ole varma.",
    "tr": "Komite salı günü bütçeyi görüşmek için toplandı ve yeni kütüphanenin ilkbaharda açılmasına karar verdi.",
    "cs": "Výbor se sešel v úterý, aby projednal rozpočet, a rozhodl, že nová knihovna bude otevřena na jaře.",
    "ro": "Comitetul s-a întrunit marți pentru a discuta bugetul și a decis că noua bibliotecă va fi deschisă în primăvară.",
    "hu": "A bizottság kedden ülésezett, és úgy döntött, hogy az új könyvtár tavasszal nyílik meg.",
    "id": "Panitia bertemu pada hari Selasa untuk membahas anggaran dan memutuskan bahwa perpustakaan baru akan dibuka.",
    "vi": "Ủy ban đã họp vào thứ Ba để thảo luận về ngân sách và quyết định rằng thư viện mới sẽ được mở vào mùa xuân.",
    "ru": "Комитет собрался во вторник, чтобы обсудить бюджет, и решил, что новая библиотека откроется весной.",
    "uk": "Комітет зібрався у вівторок, щоб обговорити бюджет, і вирішив, що нова бібліотека відкриється навесні.",
    "bg": "Комитетът се събра във вторник, за да обсъди бюджета, и реши, че новата библиотека ще бъде открита през пролетта.",
    "el": "Η επιτροπή συνεδρίασε την Τρίτη.",
    "he": "הוועדה התכנסה ביום שלישי.",
    "ar": "اجتمعت اللجنة يوم الثلاثاء لمناقشة الميزانية.",
    "fa": "کمیته روز سه‌شنبه برای بررسی بودجه تشکیل جلسه داد.",
    "hi": "समिति की बैठक मंगलवार को हुई।",
    "th": "คณะกรรมการประชุมกันในวันอังคาร",
    "zh": "委员会星期二开会讨论预算。",
    "ja": "委員会は火曜日に予算について話し合いました。",
    "ko": "위원회는 화요일에 예산을 논의했다.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_has_its_language(language: str) -> None:
    found = detect_language(SENTENCES[language])
    assert found is not None
    assert found[0] == language
    assert 0.5 < found[1] <= 1


@pytest.mark.parametrize(
    "text", ["", "OK", "3.14 + 2.71 = 5.85", "x y z", "!!!", "John Smith, Paris, Berlin", "foo bar baz qux quux corge"]
)
def test_what_has_no_language_gets_none(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize("language", ["en", "de", "es", "pl", "tr", "vi"])
@pytest.mark.parametrize(
    "signs", ["\u00a0", "—", "’“", "🎉३…", "".join(map(chr, range(0x2190, 0x21D0)))], ids=["blank", "dash", "quotes", "odd", "many"]
)
def test_signs_part_words_like_blanks(language: str, signs: str) -> None:
    between = itertools.cycle(signs)
    assert detect_language("".join(next(between) if char == " " else char for char in SENTENCES[language])) == detect_language(
        SENTENCES[language]
    )


def test_a_name_in_another_script_changes_no_language() -> None:
    for language in ("en", "de", "fr"):
        found = detect_language(f"Анна: {SENTENCES[language]}")
        assert found == detect_language(SENTENCES[language])
    found = detect_language(f"{SENTENCES['ru']} (GitHub)")
    assert found is not None
    assert found[0] == "ru"


def test_of_two_scripts_alike_the_first_counts() -> None:
    assert detect_language("αβγδε abcde") == ("el", 0.475)
    assert detect_language("abcde αβγδε") is None


def test_short_prompts_are_told_rightly_or_not_at_all() -> None:
    prompts = (*PROMPTS, *CASUAL, *FOREIGN)
    found = [(prompt.language.rstrip("~"), detect_language(prompt.text)) for prompt in prompts]
    right = sum(answer is not None and answer[0] == language for language, answer in found)
    wrong = sum(answer is not None and answer[0] != language for language, answer in found)
    assert right >= 0.7 * len(prompts)
    assert wrong <= 3


def test_half_of_two_languages_is_neither_surely() -> None:
    found = detect_language(SENTENCES["en"] + " " + SENTENCES["de"])
    assert found is None or found[1] < 0.75


def test_the_middle_of_a_long_text_is_not_read() -> None:
    edge = (SENTENCES["de"] + " ") * 30
    assert detect_language(edge + SENTENCES["ru"] * 200 + edge) == detect_language(edge)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_gets_a_code_and_a_confidence_or_none(text: str) -> None:
    found = detect_language(text)
    if found is not None:
        code, confidence = found
        assert len(code) == 2
        assert code.islower()
        assert 0.5 <= confidence * 2 <= 2
