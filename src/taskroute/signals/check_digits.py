"""Tells whether a number is a valid bank, card or national number: check digits, lengths and dates."""

from __future__ import annotations

from typing import Final

IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27,
    "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
_CARD_LENGTHS: Final = (
    ("34", (15,)), ("37", (15,)), ("30", (14, 16)), ("36", (14, 16)), ("38", (14, 16)), ("39", (14, 16)), ("35", (16,)),
    ("4", (13, 16, 19)), ("51", (16,)), ("52", (16,)), ("53", (16,)), ("54", (16,)), ("55", (16,)), ("22", (16,)), ("23", (16,)),
    ("24", (16,)), ("25", (16,)), ("26", (16,)), ("27", (16,)), ("60", (16, 19)), ("62", (16, 17, 18, 19)), ("64", (16, 19)),
    ("65", (16, 19)), ("50", (16, 18, 19)), ("56", (16, 18, 19)), ("57", (16, 18, 19)), ("58", (16, 18, 19)), ("63", (16, 18, 19)),
    ("67", (16, 18, 19)), ("81", (16,)),
)  # fmt: skip
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_CF_ODD: Final = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ), strict=True)
)  # fmt: skip
_VERHOEFF_PERMUTATION: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def iban(compact: str) -> bool:
    """Whether the text without separators is an IBAN: country, length and remainder."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def card(digits: str) -> bool:
    """Whether the digits are a card number: issuer, length and Luhn's check digit."""
    if not any(digits.startswith(prefix) and len(digits) in lengths for prefix, lengths in _CARD_LENGTHS):
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def us_ssn(digits: str) -> bool:
    """Whether nine digits may be a US social security number; it has no check digit."""
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def fr_nir(digits: str) -> bool:
    """Whether fifteen digits are a French social security number."""
    month = int(digits[3:5])
    plausible = digits[0] in "123478" and (1 <= month <= 12 or 20 <= month <= 42)
    return plausible and 97 - int(digits[:13]) % 97 == int(digits[13:])


def de_tax_id(digits: str) -> bool:
    """Whether eleven digits are a German tax number."""
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    if digits[0] == "0" or counts[0] not in (2, 3) or counts[1:2] not in ([1],):
        return False
    product = 10
    for digit in digits[:10]:
        product = (((int(digit) + product) % 10) or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def pl_pesel(digits: str) -> bool:
    """Whether eleven digits are a Polish PESEL: check digit and date of birth."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True))
    return total % 10 == 0 and 1 <= int(digits[2:4]) % 20 <= 12 and 1 <= int(digits[4:6]) <= 31


def nl_bsn(digits: str) -> bool:
    """Whether nine digits pass the Dutch test of eleven."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0 and digits != "000000000"


def br_cpf(digits: str) -> bool:
    """Whether eleven digits are a Brazilian CPF."""
    if len(set(digits)) == 1:
        return False
    for size in (9, 10):
        total = sum(int(digit) * (size + 1 - i) for i, digit in enumerate(digits[:size]))
        if total * 10 % 11 % 10 != int(digits[size]):
            return False
    return True


def in_aadhaar(digits: str) -> bool:
    """Whether twelve digits are an Indian Aadhaar number, by Verhoeff's check digit."""
    if digits[0] in "01":
        return False
    check = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(i % 8):
            value = _VERHOEFF_PERMUTATION[value]
        check = _dihedral(check, value)
    return check == 0


def _dihedral(a: int, b: int) -> int:
    """Return the product in the group of the pentagon's ten symmetries: 0 to 4 turn it, 5 to 9 mirror it."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def es_dni(compact: str) -> bool:
    """Whether eight characters and a letter are a Spanish DNI or NIE."""
    number = compact[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _DNI_LETTERS[int(number) % 23] == compact[-1]


def gb_nino(compact: str) -> bool:
    """Whether two letters, six digits and a letter may be a UK insurance number; it has no check digit."""
    prefix = compact[:2]
    allowed = prefix[0] not in "DFIQUV" and prefix[1] not in "DFIOQUV" and compact[8] in "ABCD"
    return allowed and prefix not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def it_codice_fiscale(compact: str) -> bool:
    """Whether sixteen characters are an Italian tax code."""
    total = sum(_CF_ODD[char] if i % 2 == 0 else int(char) if char.isdigit() else ord(char) - 65 for i, char in enumerate(compact[:15]))
    return chr(65 + total % 26) == compact[15]
