"""Finding sensitive data, and leaving plain numbers alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.signals import check_digits
from taskroute.signals.sensitive import KINDS, find_kinds

FOUND = {
    "email": [
        "_joe@example.com_", "__joe@example.com__", "joe@example.com-", "joe@example.com--thanks", "report_joe@example.com_2024.pdf",
        "joe%40example.com", "joe&#64;example.com",
        "a@b.com", "Mail john.doe+x@sub.example.co.uk.", "jürgen@müller.de", "joe＠example.com", "jo\u200be@exam\u200bple.com",
    ],
    "phone": [
        "+49 30 1234567", "call (555) 123-4567", "555-123-4567", "06 12 34 56 78", "+1 (415) 555-2671", "020 7946 0958",
        "030/1234567", "0049 30 1234567", "tel: 5551234567", "+٤٩ ٣٠ ١٢٣٤٥٦٧", "on 12/05/2024 555-123-4567",
    ],
    "card": [
        "4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005",
        "4111\u00a01111\u00a01111\u00a01111", "４１１１１１１１１１１１１１１１", "4111\u200b1111\u200b1111\u200b1111",
        "ref 12345 4111 1111 1111 1111 12/27", "card=4111111111111111", "1 2 3 4 5 6 7 8 9 " * 5 + "4111 1111 1111 1111",
    ],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "fr1420041010050500013m02606", "NO93 8601 1117 947 and more"],
    "national_id": [
        "123-45-6789", "SSN 123456789", "AB 12 34 56 C", "AB123456C", "2 55 08 14 168 025 38", "65929970489", "12345678Z", "X1234567L",
        "RSSMRA85T10A562S", "44051401359", "BSN 111222333", "529.982.247-25", "2341 2341 2346", "DOB 01/02/1990 123-45-6789",
    ],
    "api_key": [
        "sk-" + "proj-abcdEFGH1234567890", "AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "a1" * 18, "xoxb-" + "1234567890", "AIza" + "a1B-_" * 7,
        "glpat-" + "abcdefghij1234567890", "eyJ" + "hbGciOiJI.eyJ" + "zdWIiOiIx.dozjgNryP4", "-----BEGIN RSA " + "PRIVATE KEY-----",
        "Authorization: Bearer abcdef1234567890abcdef", "hf_" + "aB" * 17,
    ],
}  # fmt: skip

PLAIN = [
    "Version 1.2.3.4567.89", "2024-01-02T10:00:00+02:00", "1700000000000", "1700000000.123456", "550e8400-e29b-41d4-a716-446655440000",
    "ISBN 978-3-16-148410-0", "ISBN 0-306-40615-2", "Order 1234567890", "order #4111111111111112", "192.168.100.1", "@app.route('/x')",
    "icon@2x.png", "git@github.com:a/b.git", "pi 3.14159265358979", "123,456,789", "1 000 000 000", "sk-some-long-css-class-name-here",
    "package@1.2.3", "x = 1234567890123456;", "0x1234567890ABCDEF", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "10.1000/182",
    "lat 52.5200066, 13.404954", "2024-01-02 10:11:12", "20240102-101112", "phone booth with 12 seats", "call 12 times",
    "the bearer of good news and of all sorts of things", "b[100:2000]", "1000000-2000000", "AB12 3456", "1.000.000,00", "000-12-3456",
    "DE89 3704 0044 0532 0130 01", "4111 1111 1111 1112", "12345678A", "RSSMRA85T10A562T", "2341 2341 2347", "٣٠ ١٢",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_sensitive_data_is_found_and_taken_for_nothing_else(kind: str, text: str) -> None:
    assert find_kinds(["some prose before", f"{text}"]) == (kind,)


@pytest.mark.parametrize(("kind", "text"), [(kind, texts[0]) for kind, texts in FOUND.items()])
def test_it_is_found_however_deep_in_a_text(kind: str, text: str) -> None:
    assert find_kinds(["lorem ipsum dolor " * 20_000 + text + " sit amet" * 20_000]) == (kind,)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_numbers_and_code_are_left_alone(text: str) -> None:
    assert find_kinds([text]) == ()


def test_kinds_come_sorted_from_all_texts() -> None:
    assert find_kinds(["call +49 30 1234567", "", "or mail a@b.com"]) == ("email", "phone")


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    texts = ["a@b.com, +49 30 1234567, DE89 3704 0044 0532 0130 00"]
    assert find_kinds(texts, kinds=["iban"]) == ("iban",)
    assert find_kinds(texts, kinds=[]) == ()


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no kind named 'emial'; known: api_key, card, email") as caught:
        find_kinds(["x"], kinds=["emial"])
    assert "extra=" in str(caught.value)


def test_own_kinds_are_tested_on_the_text_as_it_is_until_the_first_hit() -> None:
    seen: list[str] = []

    def badge(text: str) -> bool:
        seen.append(text)
        return "BADGE" in text

    assert find_kinds(["no", "＠ BADGE-1", "never read"], kinds=["email"], extra={"badge": badge}) == ("badge",)
    assert seen == ["no", "＠ BADGE-1"]


def test_texts_are_read_no_further_than_needed() -> None:
    def texts() -> Iterator[str]:
        yield "a@b.com"
        raise AssertionError("read on after every kind was found")

    assert find_kinds(texts(), kinds=["email"]) == ("email",)


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=200), max_size=4))
def test_any_text_gives_known_kinds(texts: list[str]) -> None:
    assert set(find_kinds(texts)) <= set(KINDS)


@given(st.text(alphabet="0123456789 -./()+@AZaz_", max_size=300))
def test_text_like_numbers_never_fails(text: str) -> None:
    found = find_kinds([text])
    assert list(found) == sorted(found)


@given(st.integers(min_value=10**14, max_value=10**15 - 1))
def test_of_ten_last_digits_one_makes_a_card(start: int) -> None:
    numbers = [f"4{start}"[:15] + str(last) for last in range(10)]
    assert sum(map(check_digits.card, numbers)) == 1


@given(st.integers(min_value=20_000_000_000, max_value=99_999_999_999))
def test_of_ten_last_digits_one_makes_an_aadhaar_number(start: int) -> None:
    valid = [check_digits.in_aadhaar(f"{start}{last}") for last in range(10)]
    assert sum(valid) == 1


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_of_all_check_numbers_one_makes_an_iban(account: int) -> None:
    valid = [check for check in range(2, 99) if check_digits.iban(f"DE{check:02}{account:018}")]
    assert len(valid) == 1
