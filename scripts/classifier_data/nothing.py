"""Texts of which the classifier is to say nothing: noise, fragments, and languages that it does not cover."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from typing import Final

FOREIGN: Final = """
Napisz funkcję, która sortuje listę
Przetłumacz ten tekst na angielski
Proszę streścić ten artykuł w trzech zdaniach
Jaka jest stolica Australii?
Dzień dobry, co słychać?
Skriv en funktion som sorterar en lista
Sammanfatta den här texten
Översätt till engelska
Vad är huvudstaden i Peru?
Hej, hur mår du?
Skriv et digt om efteråret
Oversett denne teksten til engelsk
Hva er hovedstaden i Norge?
Hvorfor er himlen blå?
Kirjoita runo syksystä
Mikä on Suomen pääkaupunki?
Käännä tämä englanniksi
Bir listeyi sıralayan bir fonksiyon yaz
Bu metni özetle
Türkiye'nin başkenti neresidir?
Merhaba, nasılsın?
Napiš funkci, která seřadí seznam
Přelož tento text do angličtiny
Jaké je hlavní město Peru?
Írj egy verset az őszről
Mi a fővárosa Perunak?
Foglald össze ezt a szöveget
Scrie o funcție care sortează o listă
Care este capitala Franței?
Tradu acest text în engleză
Viết một hàm sắp xếp danh sách
Thủ đô của Peru là gì?
Dịch đoạn văn này sang tiếng Anh
Tulis fungsi yang mengurutkan daftar
Apa ibu kota Peru?
Terjemahkan teks ini ke bahasa Inggris
Andika shairi kuhusu mvua
Mji mkuu wa Kenya ni upi?
Escriu una funció que ordeni una llista
Isulat ang isang tula tungkol sa ulan
Ano ang kabisera ng Pilipinas?
Napiši pjesmu o jeseni
Koji je glavni grad Hrvatske?
Napíš báseň o jeseni
Kas yra Lietuvos sostinė?
Kirjuta luuletus sügisest
Hver er höfuðborg Íslands?
"""

WORDS: Final = """
banana; green; seven; the; of the; lorem ipsum dolor sit amet; foo bar; test; test test; asdf; qwerty; hmm; uh; x; abc; null; undefined; None; lol ok; 42; 7; 1234567; 3.14; a b c d; blue chair window; under the
table; and then; because; with them; see attached; here; this; that one; it; ...; n/a; TBD; page 4; section 2.1; continued; chapter; yes no yes; la la la; bla bla; zzz; aaaaaaa; the same as before; ditto; as above; etc;
item; note; draft; version 2; final; copy of copy; untitled; new document; click here; home; next; previous; contact; copyright 2024; all rights reserved; loading; please wait; 12:30; monday; 0x1f; id 93841; ref 12/7
"""
