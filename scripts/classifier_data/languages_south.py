"""Phrasings in Spanish, Italian, Portuguese and Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SPANISH: Final[Mapping[str, str]] = {
    "code_generation": """
Escribe una función en {lang} que {s}.
Escribe un script en {lang} para {si}
Crea <una clase|una API REST|una consulta SQL|un juego sencillo> en {lang}
Implementa <una cola|un árbol binario|quicksort> en {lang}
¿Cómo escribo en {lang} una función que {s2}?
""",
    "code_editing": """
Refactoriza este código\\n{code}
Añade <comentarios|pruebas|anotaciones de tipo> a esta función\\n{code}
Convierte este script de {lang} a {lang}
Haz este código más <rápido|legible|corto>\\n{code}
""",
    "debugging": """
¿Por qué este código <lanza|da> {failure}?\\n{code}
Encuentra el error en mi <código|programa|script>\\n{code}
Mi programa falla con {failure}
Corrige el bug de esta función\\n{code}
Me sale el error {failure}, ¿cómo lo arreglo?
""",
    "math": """
Resuelve la ecuación {equation}
Calcula {expression}
Calcula <la derivada|la integral|el límite> de {calculus}
¿Cuánto es {m} por {n}?
Ana tiene {n} manzanas y regala {m}. ¿Cuántas le quedan?
¿Cuál es el perímetro de un cuadrado de lado {m}?
Demuestra que la raíz de 2 es irracional
""",
    "data_analysis": """
Analiza estos datos y describe <la tendencia|las anomalías>\\n{table}
¿Qué región creció más según la tabla?\\n{table}
Compara las ventas por <mes|tienda|trimestre>\\n{table}
Encuentra los valores atípicos de este conjunto de datos\\n{table}
Analiza el conjunto de datos y dime qué patrones hay
Calcula la media por <mes|región> de esta tabla\n{table}
""",
    "multi_step": """
Planifica un viaje de {m} días <a Lisboa|a Japón> con presupuesto e itinerario
Elabora un plan de proyecto para {st} con fases, riesgos y calendario
Investiga {st}, compara las opciones y luego recomienda una
¿Qué estrategia seguimos para {st}, y en qué orden?
Crea un plan paso a paso para <abrir un café|organizar una conferencia|mudarme>
Organiza un taller de {m} días para {n} personas
""",
    "long_form": """
Escribe <un correo|una carta|un mensaje> a <mi casero|mi jefe|un cliente> sobre {st}
Redacta <un artículo|un ensayo|un informe|una carta de presentación> sobre {st}
Escribe <un discurso|una nota de prensa|una entrada de blog> sobre {st}
""",
    "creative": """
Escribe <un poema|un cuento|una canción|una historia> sobre {st}
Cuéntame <un chiste|un cuento> sobre <un dragón|un gato|la luna>
Inventa <un personaje|un nombre para mi banda|una leyenda>
""",
    "summarization": """
Resume el siguiente texto:\\n{es}
Resume <este artículo|este correo|este documento> en tres frases
¿Cuáles son los puntos principales de este texto?\\n{es}
Hazme un resumen\\n{es}
Haz un resumen de <este informe|este capítulo|esta charla>
""",
    "translation": """
Traduce este texto al <inglés|alemán|francés>: {es}
Traduce al español: {passage}
¿Cómo se dice "{everyday}" en <inglés|italiano|español>?
¿Puedes traducir esto al inglés? {es}
""",
    "extraction": """
Extrae <los nombres|las fechas|los importes|las direcciones> del texto\\n{es}
Enumera todas las <personas|ciudades|fechas> que aparecen\\n{es}
Devuelve <el nombre y la fecha|el precio> en formato JSON\\n{es}
Encuentra todos los <nombres|correos|teléfonos> del texto\n{es}
""",
    "classification": """
¿Esta reseña es positiva o negativa? {es}
Clasifica este mensaje como <spam o no spam|queja o pregunta>: {es}
¿A qué categoría pertenece este ticket: <técnico, ventas o facturación>?\\n{es}
Clasifica estos <gastos|tickets|comentarios> por <tema|urgencia>
""",
    "question_answering": """
¿Qué es {st}?
¿Quién <pintó el Guernica|escribió el Quijote>?
¿Por qué ronronean los gatos?
¿Cuál es la capital de <Perú|Canadá|Kenia>?
¿Cómo funciona {st}?
Explícame {st}
Contexto: {es}\\n\\nPregunta: ¿cuánto costó?
Responde la pregunta <con el|según el> contexto
¿Cuántos habitantes tiene Madrid?
¿Cuándo terminó la guerra?
""",
    "conversation": """
Hola
Hola, ¿qué tal?
Muchas gracias, me ayudaste mucho
¿Quién eres?
Buenas noches
Estoy aburrido
Hasta mañana
He tenido un mal día
""",
}

ITALIAN: Final[Mapping[str, str]] = {
    "code_generation": "\nScrivi una funzione in {lang} che {i}\nScrivi uno script {lang} per {ii}\nCrea <una classe|un'API REST|una query SQL|un piccolo gioco> in {lang}\nCome scrivo in {lang} una funzione che {i}?\n",
    "code_editing": "\nRiscrivi questo codice in modo più <leggibile|breve|veloce>\\n{code}\nAggiungi <commenti|test|annotazioni di tipo> a questa funzione\\n{code}\nConverti questo script da {lang} a {lang}\nFai il refactoring di questo codice\\n{code}\nRiscrivi questa classe usando async\\n{code}\nOttimizza questa query\\n{code}\n",
    "debugging": "\nPerché questo codice genera {failure}?\\n{code}\nTrova l'errore nel mio <codice|programma>\\n{code}\nIl mio programma va in crash con {failure}\nCorreggi il bug in questa funzione\\n{code}\nPerché il mio codice lancia un'eccezione?\\n{code}\nPerché questo programma non funziona?\n",
    "math": "\nRisolvi l'equazione {equation}\nCalcola {expression}\nCalcola <la derivata|l'integrale|il limite> di {calculus}\nQuanto fa {m} per {n}?\nMaria ha {n} mele e ne regala {m}. Quante ne restano?\n",
    "data_analysis": "\nAnalizza questi dati e descrivi <l'andamento|le anomalie>\\n{table}\nQuale regione cresce di più secondo la tabella?\\n{table}\nConfronta le vendite per <mese|negozio>\\n{table}\nAnalizza il dataset e dimmi quali tendenze vedi\nTrova i valori anomali nei dati\\n{table}\n",
    "multi_step": "\nPianifica un viaggio di {m} giorni <a Lisbona|in Giappone> con budget e itinerario\nPrepara un piano di progetto per {it} con fasi, rischi e scadenze\nFai una ricerca su {it}, confronta le opzioni e poi consigliane una\nCrea un piano passo passo per <aprire un bar|traslocare>\nOrganizza un convegno di {m} giorni per {n} persone\n",
    "long_form": "\nScrivi <un'email|una lettera|un messaggio> al <mio capo|padrone di casa|cliente> su {it}\nScrivi <un articolo|un saggio|una relazione|una lettera di presentazione> su {it}\nPrepara <un discorso|un comunicato stampa>\n",
    "creative": "\nScrivi <una poesia|un racconto|una canzone|una favola> su {it}\nRaccontami <una barzelletta|una storia> su <un drago|un gatto|la luna>\nInventa <un personaggio|un nome per la mia band>\n",
    "summarization": "\nRiassumi il seguente testo:\\n{itx}\nRiassumi questo articolo\nQuali sono i punti principali di questo testo?\\n{itx}\n",
    "translation": '\nTraduci questo testo in <inglese|tedesco|francese>: {itx}\nTraduci in italiano: {passage}\nCome si dice "{everyday}" in <inglese|italiano>?\n',
    "extraction": "\nEstrai <i nomi|le date|gli importi> dal testo\\n{itx}\nElenca tutte le <persone|città> citate\\n{itx}\nRestituisci <nome e data|il prezzo> in formato JSON\\n{itx}\n",
    "classification": "\nQuesta recensione è positiva o negativa? {itx}\nClassifica questo messaggio come <spam o non spam|reclamo o domanda>: {itx}\nA quale categoria appartiene questo ticket?\\n{itx}\n",
    "question_answering": "\nChe cos'è {it}?\nChi ha <dipinto la Gioconda|scritto la Divina Commedia>?\nPerché i gatti fanno le fusa?\nQual è la capitale <del Perù|del Canada>?\nCome funziona {it}?\nSpiegami {it}\nContesto: {itx}\\n\\nDomanda: quanto è costato?\nRispondi alla domanda in base al contesto\nQuanti abitanti ha Roma?\nQuando è finita la guerra?\n",
    "conversation": "\nCiao\nCiao, come stai?\nGrazie mille\nChi sei?\nBuonanotte\nMi annoio\nA domani\nBuongiorno!\n",
}

PORTUGUESE: Final[Mapping[str, str]] = {
    "code_generation": "\nEscreva uma função em {lang} que {p}\nEscreva um script em {lang} para {pi}\nCrie <uma classe|uma API REST|uma consulta SQL|um jogo simples> em {lang}\nComo escrevo em {lang} uma função que {p}?\n",
    "code_editing": "\nRefatore este código\\n{code}\nAdicione <comentários|testes|anotações de tipo> a esta função\\n{code}\nConverta este script de {lang} para {lang}\nDeixe este código mais <rápido|legível|curto>\\n{code}\n",
    "debugging": "\nPor que este código <lança|dá> {failure}?\\n{code}\nEncontre o erro no meu <código|programa>\\n{code}\nMeu programa trava com {failure}\nCorrija o bug desta função\\n{code}\n",
    "math": "\nResolva a equação {equation}\nCalcule {expression}\nCalcule <a derivada|a integral|o limite> de {calculus}\nQuanto é {m} vezes {n}?\nAna tem {n} maçãs e dá {m}. Com quantas ela fica?\n",
    "data_analysis": "\nAnalise estes dados e descreva <a tendência|as anomalias>\\n{table}\nQual região mais cresceu segundo a tabela?\\n{table}\nCompare as vendas por <mês|loja>\\n{table}\nAnalise o conjunto de dados e diga quais padrões existem\nEncontre os valores atípicos\\n{table}\n",
    "multi_step": "\nPlaneje uma viagem de {m} dias <a Lisboa|ao Japão> com orçamento e roteiro\nElabore um plano de projeto para {pt} com etapas, riscos e prazos\nPesquise {pt}, compare as opções e depois recomende uma\nCrie um plano passo a passo para <abrir um café|mudar de cidade>\nOrganize um evento de {m} dias para {n} pessoas\n",
    "long_form": "\nEscreva <um e-mail|uma carta|uma mensagem> para <meu chefe|o proprietário|um cliente> sobre {pt}\nEscreva <um artigo|uma redação|um relatório|uma carta de apresentação> sobre {pt}\nRedija <um discurso|um comunicado>\n",
    "creative": "\nEscreva <um poema|um conto|uma canção|uma história> sobre {pt}\nConte-me <uma piada|uma história> sobre <um dragão|um gato|a lua>\nInvente <um personagem|um nome para a minha banda>\n",
    "summarization": "\nResuma o seguinte texto:\\n{ptx}\nFaça um resumo <deste artigo|deste e-mail>\nQuais são os pontos principais deste texto?\\n{ptx}\n",
    "translation": '\nTraduza este texto para <o inglês|o alemão|o francês>: {ptx}\nTraduza para o português: {passage}\nComo se diz "{everyday}" em <inglês|português>?\n',
    "extraction": "\nExtraia <os nomes|as datas|os valores> do texto\\n{ptx}\nListe todas as <pessoas|cidades> mencionadas\\n{ptx}\nRetorne <o nome e a data|o preço> em formato JSON\\n{ptx}\n",
    "classification": "\nEsta avaliação é positiva ou negativa? {ptx}\nClassifique esta mensagem como <spam ou não spam|reclamação ou pergunta>: {ptx}\nA que categoria pertence este chamado?\\n{ptx}\n",
    "question_answering": "\nO que é {pt}?\nQuem <pintou a Mona Lisa|descobriu o Brasil>?\nPor que os gatos ronronam?\nQual é a capital <do Peru|do Canadá>?\nComo funciona {pt}?\nExplique {pt}\nContexto: {ptx}\\n\\nPergunta: quanto custou?\nResponda à pergunta com base no contexto\nQuantos habitantes tem Lisboa?\nQuando a guerra acabou?\n",
    "conversation": "\nOlá\nOi, tudo bem?\nMuito obrigado\nQuem é você?\nBoa noite\nEstou entediado\nAté amanhã\nBom dia!\n",
}

DUTCH: Final[Mapping[str, str]] = {
    "code_generation": "\nSchrijf een functie in {lang} die {d}\nSchrijf een script in {lang} dat {d}\nMaak <een klasse|een REST API|een SQL-query|een klein spel> in {lang}\nHoe schrijf ik in {lang} een functie die {d}?\n",
    "code_editing": "\nRefactor deze code\\n{code}\nVoeg <commentaar|tests|typeannotaties> toe aan deze functie\\n{code}\nZet dit script om van {lang} naar {lang}\nMaak deze code <sneller|leesbaarder|korter>\\n{code}\n",
    "debugging": "\nWaarom geeft deze code {failure}?\\n{code}\nVind de fout in mijn <code|programma>\\n{code}\nMijn programma crasht met {failure}\nLos de bug in deze functie op\\n{code}\n",
    "math": "\nLos de vergelijking {equation} op\nBereken {expression}\nBereken <de afgeleide|de integraal|de limiet> van {calculus}\nHoeveel is {m} keer {n}?\nAnna heeft {n} appels en geeft er {m} weg. Hoeveel houdt ze over?\n",
    "data_analysis": "\nAnalyseer deze gegevens en beschrijf <de trend|de uitschieters>\\n{table}\nWelke regio groeit het meest volgens de tabel?\\n{table}\nVergelijk de omzet per <maand|winkel>\\n{table}\n",
    "multi_step": "\nPlan een reis van {m} dagen naar <Lissabon|Japan> met budget en dagplanning\nMaak een projectplan voor {nl} met fasen, risico's en planning\nZoek informatie over {nl}, vergelijk de opties en raad er dan een aan\nMaak een stappenplan voor <het openen van een café|een verhuizing>\nOrganiseer een workshop van {m} dagen voor {n} mensen\n",
    "long_form": "\nSchrijf <een e-mail|een brief|een bericht> aan <mijn huisbaas|mijn baas|een klant> over {nl}\nSchrijf <een artikel|een essay|een verslag|een sollicitatiebrief> over {nl}\nStel <een toespraak|een persbericht> op\n",
    "creative": "\nSchrijf <een gedicht|een verhaal|een liedje|een sprookje> over {nl}\nVertel me <een mop|een verhaaltje> over <een draak|een kat|de maan>\nVerzin <een personage|een naam voor mijn band>\n",
    "summarization": "\nVat de volgende tekst samen:\\n{nlx}\nGeef een samenvatting van <dit artikel|deze e-mail>\nWat zijn de belangrijkste punten van deze tekst?\\n{nlx}\nVat dit <artikel|hoofdstuk|verslag> samen in <twee|vier> zinnen\n",
    "translation": '\nVertaal deze tekst naar het <Engels|Duits|Frans>: {nlx}\nVertaal naar het Nederlands: {passage}\nHoe zeg je "{everyday}" in het <Engels|Nederlands>?\n',
    "extraction": "\nHaal alle <namen|datums|bedragen> uit de tekst\\n{nlx}\nNoem alle <personen|plaatsen> die voorkomen\\n{nlx}\nGeef <naam en datum|de prijs> terug als JSON\\n{nlx}\n",
    "classification": "\nIs deze recensie positief of negatief? {nlx}\nClassificeer dit bericht als <spam of geen spam|klacht of vraag>: {nlx}\nTot welke categorie behoort dit ticket?\\n{nlx}\n",
    "question_answering": "\nWat is {nl}?\nWie heeft de Nachtwacht geschilderd?\nWaarom spinnen katten?\nWat is de hoofdstad van <Peru|Canada>?\nHoe werkt {nl}?\nLeg uit wat {nl} is\nContext: {nlx}\\n\\nVraag: hoeveel kostte het?\nBeantwoord de vraag op basis van de context\nHoeveel inwoners heeft Utrecht?\nWanneer eindigde de oorlog?\n",
    "conversation": "\nHallo\nHoi, hoe gaat het?\nDank je wel\nWie ben jij?\nWelterusten\nIk verveel me\nTot morgen\nGoedemorgen!\n",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "st": (
        "la fotosíntesis",
        "el cambio climático",
        "la calefacción",
        "los coches eléctricos",
        "el otoño",
        "el café",
        "la inflación",
        "un reembolso",
        "la mudanza",
        "los agujeros negros",
        "la inteligencia artificial",
    ),
    "s": (
        "ordene una lista",
        "elimine duplicados",
        "lea un archivo CSV",
        "invierta una cadena",
        "compruebe si un número es primo",
        "valide un correo",
    ),
    "s2": ("ordena una lista", "elimina duplicados", "lee un archivo CSV", "suma dos números"),
    "si": ("ordenar una lista", "descargar imágenes", "leer un archivo CSV", "enviar un correo"),
    "es": (
        "La fábrica abrió en 1974 y emplea a unas 400 personas. Las ventas subieron un ocho por ciento.",
        "Compré los auriculares hace dos semanas y el lado izquierdo ya no funciona. Muy decepcionado.",
        "La reunión empieza el martes a las diez. Ana traerá las cifras.",
        "El hotel estaba limpio y el desayuno era excelente.",
    ),
    "it": (
        "la fotosintesi",
        "il cambiamento climatico",
        "il riscaldamento",
        "le auto elettriche",
        "l'autunno",
        "il caffè",
        "l'inflazione",
        "un rimborso",
        "il trasloco",
        "i buchi neri",
        "l'intelligenza artificiale",
    ),
    "i": (
        "ordina una lista",
        "elimina i duplicati",
        "legge un file CSV",
        "inverte una stringa",
        "calcola i numeri primi",
        "valida un indirizzo email",
    ),
    "ii": ("ordinare una lista", "scaricare immagini", "leggere un file CSV", "inviare un'email"),
    "itx": (
        "La fabbrica ha aperto nel 1974 e impiega circa 400 persone. Il fatturato è cresciuto dell'otto per cento.",
        "Ho comprato le cuffie due settimane fa e il lato sinistro non funziona già più. Molto deluso.",
        "La riunione comincia martedì alle dieci. Anna porterà i dati.",
        "L'albergo era pulito e la colazione ottima.",
    ),
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
