"""Phrasings in Spanish and Italian."""

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
Calcula la media por <mes|región> de esta tabla
{table}
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
Encuentra todos los <nombres|correos|teléfonos> del texto
{es}
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
    "code_generation": """
Scrivi una funzione in {lang} che {i}
Scrivi uno script {lang} per {ii}
Crea <una classe|un'API REST|una query SQL|un piccolo gioco> in {lang}
Come scrivo in {lang} una funzione che {i}?
""",
    "code_editing": """
Riscrivi questo codice in modo più <leggibile|breve|veloce>\\n{code}
Aggiungi <commenti|test|annotazioni di tipo> a questa funzione\\n{code}
Converti questo script da {lang} a {lang}
Fai il refactoring di questo codice\\n{code}
Riscrivi questa classe usando async\\n{code}
Ottimizza questa query\\n{code}
""",
    "debugging": """
Perché questo codice genera {failure}?\\n{code}
Trova l'errore nel mio <codice|programma>\\n{code}
Il mio programma va in crash con {failure}
Correggi il bug in questa funzione\\n{code}
Perché il mio codice lancia un'eccezione?\\n{code}
Perché questo programma non funziona?
""",
    "math": """
Risolvi l'equazione {equation}
Calcola {expression}
Calcola <la derivata|l'integrale|il limite> di {calculus}
Quanto fa {m} per {n}?
Maria ha {n} mele e ne regala {m}. Quante ne restano?
""",
    "data_analysis": """
Analizza questi dati e descrivi <l'andamento|le anomalie>\\n{table}
Quale regione cresce di più secondo la tabella?\\n{table}
Confronta le vendite per <mese|negozio>\\n{table}
Analizza il dataset e dimmi quali tendenze vedi
Trova i valori anomali nei dati\\n{table}
""",
    "multi_step": """
Pianifica un viaggio di {m} giorni <a Lisbona|in Giappone> con budget e itinerario
Prepara un piano di progetto per {it} con fasi, rischi e scadenze
Fai una ricerca su {it}, confronta le opzioni e poi consigliane una
Crea un piano passo passo per <aprire un bar|traslocare>
Organizza un convegno di {m} giorni per {n} persone
""",
    "long_form": """
Scrivi <un'email|una lettera|un messaggio> al <mio capo|padrone di casa|cliente> su {it}
Scrivi <un articolo|un saggio|una relazione|una lettera di presentazione> su {it}
Prepara <un discorso|un comunicato stampa>
""",
    "creative": """
Scrivi <una poesia|un racconto|una canzone|una favola> su {it}
Raccontami <una barzelletta|una storia> su <un drago|un gatto|la luna>
Inventa <un personaggio|un nome per la mia band>
""",
    "summarization": """
Riassumi il seguente testo:\\n{itx}
Riassumi questo articolo
Quali sono i punti principali di questo testo?\\n{itx}
""",
    "translation": """
Traduci questo testo in <inglese|tedesco|francese>: {itx}
Traduci in italiano: {passage}
Come si dice "{everyday}" in <inglese|italiano>?
""",
    "extraction": """
Estrai <i nomi|le date|gli importi> dal testo\\n{itx}
Elenca tutte le <persone|città> citate\\n{itx}
Restituisci <nome e data|il prezzo> in formato JSON\\n{itx}
""",
    "classification": """
Questa recensione è positiva o negativa? {itx}
Classifica questo messaggio come <spam o non spam|reclamo o domanda>: {itx}
A quale categoria appartiene questo ticket?\\n{itx}
""",
    "question_answering": """
Che cos'è {it}?
Chi ha <dipinto la Gioconda|scritto la Divina Commedia>?
Perché i gatti fanno le fusa?
Qual è la capitale <del Perù|del Canada>?
Come funziona {it}?
Spiegami {it}
Contesto: {itx}\\n\\nDomanda: quanto è costato?
Rispondi alla domanda in base al contesto
Quanti abitanti ha Roma?
Quando è finita la guerra?
""",
    "conversation": """
Ciao
Ciao, come stai?
Grazie mille
Chi sei?
Buonanotte
Mi annoio
A domani
Buongiorno!
""",
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
}
