"""Phrasings in Portuguese and Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PORTUGUESE: Final[Mapping[str, str]] = {
    "code_generation": """
Escreva uma função em {lang} que {p}
Escreva um script em {lang} para {pi}
Crie <uma classe|uma API REST|uma consulta SQL|um jogo simples> em {lang}
Como escrevo em {lang} uma função que {p}?
""",
    "code_editing": """
Refatore este código\\n{code}
Adicione <comentários|testes|anotações de tipo> a esta função\\n{code}
Converta este script de {lang} para {lang}
Deixe este código mais <rápido|legível|curto>\\n{code}
""",
    "debugging": """
Por que este código <lança|dá> {failure}?\\n{code}
Encontre o erro no meu <código|programa>\\n{code}
Meu programa trava com {failure}
Corrija o bug desta função\\n{code}
""",
    "math": """
Resolva a equação {equation}
Calcule {expression}
Calcule <a derivada|a integral|o limite> de {calculus}
Quanto é {m} vezes {n}?
Ana tem {n} maçãs e dá {m}. Com quantas ela fica?
""",
    "data_analysis": """
Analise estes dados e descreva <a tendência|as anomalias>\\n{table}
Qual região mais cresceu segundo a tabela?\\n{table}
Compare as vendas por <mês|loja>\\n{table}
Analise o conjunto de dados e diga quais padrões existem
Encontre os valores atípicos\\n{table}
""",
    "multi_step": """
Planeje uma viagem de {m} dias <a Lisboa|ao Japão> com orçamento e roteiro
Elabore um plano de projeto para {pt} com etapas, riscos e prazos
Pesquise {pt}, compare as opções e depois recomende uma
Crie um plano passo a passo para <abrir um café|mudar de cidade>
Organize um evento de {m} dias para {n} pessoas
""",
    "long_form": """
Escreva <um e-mail|uma carta|uma mensagem> para <meu chefe|o proprietário|um cliente> sobre {pt}
Escreva <um artigo|uma redação|um relatório|uma carta de apresentação> sobre {pt}
Redija <um discurso|um comunicado>
""",
    "creative": """
Escreva <um poema|um conto|uma canção|uma história> sobre {pt}
Conte-me <uma piada|uma história> sobre <um dragão|um gato|a lua>
Invente <um personagem|um nome para a minha banda>
""",
    "summarization": """
Resuma o seguinte texto:\\n{ptx}
Faça um resumo <deste artigo|deste e-mail>
Quais são os pontos principais deste texto?\\n{ptx}
""",
    "translation": """
Traduza este texto para <o inglês|o alemão|o francês>: {ptx}
Traduza para o português: {passage}
Como se diz "{everyday}" em <inglês|português>?
""",
    "extraction": """
Extraia <os nomes|as datas|os valores> do texto\\n{ptx}
Liste todas as <pessoas|cidades> mencionadas\\n{ptx}
Retorne <o nome e a data|o preço> em formato JSON\\n{ptx}
""",
    "classification": """
Esta avaliação é positiva ou negativa? {ptx}
Classifique esta mensagem como <spam ou não spam|reclamação ou pergunta>: {ptx}
A que categoria pertence este chamado?\\n{ptx}
""",
    "question_answering": """
O que é {pt}?
Quem <pintou a Mona Lisa|descobriu o Brasil>?
Por que os gatos ronronam?
Qual é a capital <do Peru|do Canadá>?
Como funciona {pt}?
Explique {pt}
Contexto: {ptx}\\n\\nPergunta: quanto custou?
Responda à pergunta com base no contexto
Quantos habitantes tem Lisboa?
Quando a guerra acabou?
""",
    "conversation": """
Olá
Oi, tudo bem?
Muito obrigado
Quem é você?
Boa noite
Estou entediado
Até amanhã
Bom dia!
""",
}

DUTCH: Final[Mapping[str, str]] = {
    "code_generation": """
Schrijf een functie in {lang} die {d}
Schrijf een script in {lang} dat {d}
Maak <een klasse|een REST API|een SQL-query|een klein spel> in {lang}
Hoe schrijf ik in {lang} een functie die {d}?
""",
    "code_editing": """
Refactor deze code\\n{code}
Voeg <commentaar|tests|typeannotaties> toe aan deze functie\\n{code}
Zet dit script om van {lang} naar {lang}
Maak deze code <sneller|leesbaarder|korter>\\n{code}
""",
    "debugging": """
Waarom geeft deze code {failure}?\\n{code}
Vind de fout in mijn <code|programma>\\n{code}
Mijn programma crasht met {failure}
Los de bug in deze functie op\\n{code}
""",
    "math": """
Los de vergelijking {equation} op
Bereken {expression}
Bereken <de afgeleide|de integraal|de limiet> van {calculus}
Hoeveel is {m} keer {n}?
Anna heeft {n} appels en geeft er {m} weg. Hoeveel houdt ze over?
""",
    "data_analysis": """
Analyseer deze gegevens en beschrijf <de trend|de uitschieters>\\n{table}
Welke regio groeit het meest volgens de tabel?\\n{table}
Vergelijk de omzet per <maand|winkel>\\n{table}
""",
    "multi_step": """
Plan een reis van {m} dagen naar <Lissabon|Japan> met budget en dagplanning
Maak een projectplan voor {nl} met fasen, risico's en planning
Zoek informatie over {nl}, vergelijk de opties en raad er dan een aan
Maak een stappenplan voor <het openen van een café|een verhuizing>
Organiseer een workshop van {m} dagen voor {n} mensen
""",
    "long_form": """
Schrijf <een e-mail|een brief|een bericht> aan <mijn huisbaas|mijn baas|een klant> over {nl}
Schrijf <een artikel|een essay|een verslag|een sollicitatiebrief> over {nl}
Stel <een toespraak|een persbericht> op
""",
    "creative": """
Schrijf <een gedicht|een verhaal|een liedje|een sprookje> over {nl}
Vertel me <een mop|een verhaaltje> over <een draak|een kat|de maan>
Verzin <een personage|een naam voor mijn band>
""",
    "summarization": """
Vat de volgende tekst samen:\\n{nlx}
Geef een samenvatting van <dit artikel|deze e-mail>
Wat zijn de belangrijkste punten van deze tekst?\\n{nlx}
Vat dit <artikel|hoofdstuk|verslag> samen in <twee|vier> zinnen
""",
    "translation": """
Vertaal deze tekst naar het <Engels|Duits|Frans>: {nlx}
Vertaal naar het Nederlands: {passage}
Hoe zeg je "{everyday}" in het <Engels|Nederlands>?
""",
    "extraction": """
Haal alle <namen|datums|bedragen> uit de tekst\\n{nlx}
Noem alle <personen|plaatsen> die voorkomen\\n{nlx}
Geef <naam en datum|de prijs> terug als JSON\\n{nlx}
""",
    "classification": """
Is deze recensie positief of negatief? {nlx}
Classificeer dit bericht als <spam of geen spam|klacht of vraag>: {nlx}
Tot welke categorie behoort dit ticket?\\n{nlx}
""",
    "question_answering": """
Wat is {nl}?
Wie heeft de Nachtwacht geschilderd?
Waarom spinnen katten?
Wat is de hoofdstad van <Peru|Canada>?
Hoe werkt {nl}?
Leg uit wat {nl} is
Context: {nlx}\\n\\nVraag: hoeveel kostte het?
Beantwoord de vraag op basis van de context
Hoeveel inwoners heeft Utrecht?
Wanneer eindigde de oorlog?
""",
    "conversation": """
Hallo
Hoi, hoe gaat het?
Dank je wel
Wie ben jij?
Welterusten
Ik verveel me
Tot morgen
Goedemorgen!
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "pt": (
        "a fotossíntese",
        "a mudança climática",
        "o aquecimento",
        "os carros elétricos",
        "o outono",
        "o café",
        "a inflação",
        "um reembolso",
        "a mudança de casa",
        "os buracos negros",
        "a inteligência artificial",
    ),
    "p": (
        "ordene uma lista",
        "remova duplicatas",
        "leia um arquivo CSV",
        "inverta uma string",
        "verifique se um número é primo",
        "valide um e-mail",
    ),
    "pi": ("ordenar uma lista", "baixar imagens", "ler um arquivo CSV", "enviar um e-mail"),
    "ptx": (
        "A fábrica abriu em 1974 e emprega cerca de 400 pessoas. As vendas cresceram oito por cento.",
        "Comprei os fones há duas semanas e o lado esquerdo já não funciona. Muito decepcionado.",
        "A reunião começa na terça às dez. A Ana trará os números.",
        "O hotel estava limpo e o café da manhã era excelente.",
    ),
    "nl": (
        "fotosynthese",
        "klimaatverandering",
        "de verwarming",
        "elektrische auto's",
        "de herfst",
        "koffie",
        "inflatie",
        "een terugbetaling",
        "de verhuizing",
        "zwarte gaten",
        "kunstmatige intelligentie",
    ),
    "d": (
        "een lijst sorteert",
        "dubbele waarden verwijdert",
        "een CSV-bestand leest",
        "een string omkeert",
        "controleert of een getal priem is",
        "een e-mailadres valideert",
    ),
    "nlx": (
        "De fabriek opende in 1974 en heeft ongeveer 400 werknemers. De omzet steeg met acht procent.",
        "Ik heb de koptelefoon twee weken geleden gekocht en de linkerkant doet het al niet meer. Erg teleurgesteld.",
        "De vergadering begint dinsdag om tien uur. Anna brengt de cijfers mee.",
        "Het hotel was schoon en het ontbijt was uitstekend.",
    ),
}
