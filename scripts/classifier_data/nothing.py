"""Texts of which the classifier is to say nothing: noise, fragments, and languages that it does not cover."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from typing import Final

NOTHING: Final = "nothing"
"""The class of texts of which nothing is to be said."""

FOREIGN: Final = """
Napisz funkcję, która sortuje listę
Przetłumacz ten tekst na angielski
Proszę streścić ten artykuł w trzech zdaniach
Jaka jest najdłuższa rzeka w Polsce?
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
Korta ner texten till fem meningar
Vad handlar artikeln om?
Skriv en sammanfattning av mötet på tre rader
Rätta felet i koden nedan
Varför kraschar mitt program?
Lös ekvationen
Gör en resplan för fyra dagar
Vilka namn nämns i texten?
Är recensionen positiv eller negativ?
Skriv ett mejl till min chef
Resumér artiklen i to sætninger
Hvad er meningen med livet?
Oversæt sætningen til tysk
Hvorfor virker min kode ikke?
Skriv et brev til kommunen
Lav en liste over alle datoer i teksten
Oppsummer artikkelen i tre setninger
Hvorfor krasjer programmet mitt?
Finn feilen i koden
Skriv en e-post til sjefen min
Lag en plan for en tur til Bergen
Resumeix l'article en tres frases
Tradueix la frase al castellà
Per què falla el meu codi?
Quina és la capital de Catalunya?
Rezumă articolul în trei propoziții
De ce nu merge programul meu?
Scrie un e-mail către șeful meu
Vat die artikel in drie sinne saam
Wat is die hoofstad van Namibië?
Skryf 'n gedig oor die see
Resume o artigo en tres frases, por favor, en galego
Stresni tekst u tri rečenice
Streść artykuł w dwóch zdaniach
Napisz wiersz o morzu
Dlaczego mój program się zawiesza?
"""

WORDS: Final = """
banana; green; seven; the; of the; lorem ipsum dolor sit amet; foo bar; test; test test; asdf; qwerty; hmm; uh; x; abc; null; undefined; None; lol ok; 42; 7; 1234567; 3.14; a b c d; blue chair window; under the
table; and then; because; with them; see attached; here; this; that one; it; ...; n/a; TBD; page 4; section 2.1; continued; chapter; yes no yes; la la la; bla bla; zzz; aaaaaaa; the same as before; ditto; as above; etc;
item; note; draft; version 2; final; copy of copy; untitled; new document; click here; home; next; previous; contact; copyright 2024; all rights reserved; loading; please wait; 12:30; monday; 0x1f; id 93841; ref 12/7
"""
