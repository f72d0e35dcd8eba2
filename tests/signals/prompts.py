"""Short prompts with the task that each asks for, in two halves: one to tune word lists on, one held out.

Prompts and word lists have the same author, so that even the held-out half flatters; `unseen_prompts` flatters less.

A line is `language prompt`; `en~` marks English with typing errors, `\\n` a line break. The half of a prompt follows from its hash.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple


class Prompt(NamedTuple):
    """One prompt with the task that a person would say it asks for."""

    language: str
    text: str
    task: str | None
    """None: a language that the word lists do not cover, so that nothing may be said."""

    @property
    def held_out(self) -> bool:
        """Whether the prompt is kept away from tuning."""
        return sha256(self.text.encode()).digest()[0] % 2 == 1


_LINES: Final = {
    "code_generation": r"""
en Write a Python function that merges two sorted lists.
en Implement a thread-safe LRU cache in Go.
en Create a React component that shows a paginated table.
en Give me a bash script that renames every .jpeg file to .jpg.
en Write a SQL query to get the ten customers with the highest revenue.
en I need a regex that matches ISO dates.
en Build a REST API in FastAPI with login and password reset.
en Generate unit tests for a shopping cart class in Java.
en Can you code a snake game in JavaScript?
en Write a Dockerfile for a Node app with a multi-stage build.
en~ Wirte a python fucntion that parses a csv file
en~ implment binary search in rust pls
de Schreibe eine Python-Funktion, die zwei Listen zusammenführt.
de Programmiere ein kleines Skript, das CSV-Dateien in JSON umwandelt.
fr Écris une fonction JavaScript qui inverse une chaîne de caractères.
fr Génère un script Python qui télécharge des images.
es Escribe una función en Python que ordene una lista de diccionarios.
es Crea una clase en Java para gestionar una cola de tareas.
it Scrivi una funzione in Python che calcoli i numeri primi.
pt Escreva uma função em Python que valide um endereço de email.
""",
    "code_editing": r"""
en Refactor this function so that it uses list comprehensions:\n```python\nout = []\nfor x in xs:\n    out.append(x * 2)\n```
en Add type hints to the following code: def add(a, b): return a + b
en Convert this Python script to TypeScript.
en Rename the variable `tmp` to `total` everywhere in this file.
en Rewrite this class to use dataclasses.
en Optimize this SQL query so that it uses the index.
en Port the following Java code to Kotlin.
en Add docstrings and logging to this module.
en Clean up this code and remove the duplicated branches.
en Make this function async.
en~ refactr this code to be more readabel
en~ Add error handeling to this functoin
en Simplify this method: it has four nested loops.
de Refaktoriere diesen Code, damit er lesbarer wird.
de Füge Typannotationen zu dieser Funktion hinzu.
fr Refactorise ce code pour éviter la duplication.
es Refactoriza este código para que sea más legible.
it Riscrivi questa funzione usando una list comprehension.
pt Refatore este código para usar async e await.
""",
    "debugging": r"""
en Why does this code raise a KeyError?\n```python\nd = {}\nprint(d['a'])\n```
en Fix the bug in my login function.
en I get TypeError: 'NoneType' object is not subscriptable. What is wrong?
en My app crashes on startup with a segmentation fault.
en Traceback (most recent call last):\n  File "a.py", line 3, in <module>\nZeroDivisionError: division by zero
en This unit test fails only on CI, help me find out why.
en The build is failing with exit code 137.
en Debug this script, it never terminates.
en npm install throws ERESOLVE unable to resolve dependency tree
en Why is my useEffect running twice?
en Find the memory leak in this C++ program.
en~ my porgram crahses with a null pointer excepton
en~ fix this eror: undefined is not a functon
de Warum wirft dieser Code eine NullPointerException?
de Finde den Fehler in meinem Skript.
fr Corrige le bug dans cette fonction.
fr Mon programme plante avec une erreur de segmentation.
es Mi código lanza un error de índice fuera de rango, ¿cómo lo arreglo?
it Perché questo codice genera un'eccezione?
pt Corrija o erro neste código.
""",
    "math": r"""
en Solve for x: 3x + 7 = 22
en What is the integral of x^2 * sin(x)?
en Prove that the square root of 2 is irrational.
en Prove sqrt(2) is irrational
en Compute the determinant of [[1, 2], [3, 4]].
en A train leaves at 3 pm at 60 km/h and another at 4 pm at 90 km/h. When do they meet?
en What is 17% of 2340?
en Find the derivative of ln(3x + 1).
en Factor the polynomial x^3 - 6x^2 + 11x - 6.
en How many ways can 5 people sit around a round table?
en What is the probability of rolling two sixes with three dice?
en Think step by step. What is 2+2?
en~ calcualte the area of a circel with radius 5
en~ slove the equaton 2x - 4 = 10
de Löse die Gleichung x^2 - 5x + 6 = 0.
de Berechne das Integral von e^x von 0 bis 1.
fr Résous l'équation 2x + 5 = 13.
fr Calcule la dérivée de x^3.
es Resuelve la ecuación 4x - 8 = 0.
it Calcola la derivata di sin(x).
pt Resolva a equação x^2 = 49.
""",
    "data_analysis": r"""
en Analyze this CSV and tell me which region has the highest growth.
en Plot monthly sales and describe the trend.
en Look at the dataset below and find the outliers.
en What is the correlation between price and units sold in this table?
en Run a regression on the survey results and interpret the coefficients.
en Compare average order value by cohort and explain the drop in March.
en Here are our KPIs for the last four quarters; what insights do you see?
en Do an exploratory data analysis of the attached spreadsheet.
en Group these transactions by month and compute the median per category.
en Is the difference between variants A and B statistically significant?
en Forecast next quarter's demand from this time series.
en~ analize the dataset and find the trendds
en~ what insights do you see in these sales metrcis
de Analysiere diese Verkaufsdaten und nenne die wichtigsten Trends.
de Werte die folgende Tabelle aus und finde Ausreißer.
fr Analyse ces données de vente et donne les tendances.
es Analiza estos datos y dime qué tendencias ves.
it Analizza questo dataset e trova gli outlier.
pt Analise estes dados e mostre as tendências de vendas.
""",
    "multi_step": r"""
en Plan a seven-day trip to Japan with budget, hotels and train times.
en First look up the weather, then book a table, and finally send an invitation.
en Break this goal into subtasks and say which one depends on which.
en Create a project plan with milestones for migrating our database.
en Design a sharded multi-region payments ledger
en Work out a go-to-market strategy step by step, with risks and owners.
en Research three vendors, compare them, and then recommend one.
en Design the architecture of a chat system for ten million users and discuss the trade-offs.
en Develop a roadmap for launching a mobile bank in two countries.
en Search for flights, pick the cheapest, then add it to my calendar.
en Make a step-by-step plan to learn Spanish in six months.
en~ make a detaild plan with milstones for moving to a new office
en~ frist search the docs, then create a tiket and finally notify the team
de Erstelle einen Projektplan mit Meilensteinen für die Migration.
de Plane eine Reise nach Italien mit Budget und Zeitplan.
fr Élabore un plan d'action étape par étape pour ouvrir un restaurant.
es Crea un plan paso a paso para lanzar una tienda en línea.
it Crea un piano passo dopo passo per organizzare una conferenza.
pt Crie um plano passo a passo para abrir uma empresa.
""",
    "long_form": r"""
en Write a 1500-word blog post about remote work.
en Draft a cover letter for a data engineer position.
en Write an essay on the causes of the First World War.
en Write a press release announcing our new product.
en Prepare a detailed report on renewable energy in Europe.
en Write a product description for a waterproof backpack.
en Draft an email to the landlord about the broken heating.
en Write a white paper on zero-trust security.
en Compose a LinkedIn post about our funding round.
en Write documentation for our onboarding process.
en~ Write an artical about healthy eatting habits
en~ write a blog psot on electric cars
de Schreibe einen Aufsatz über den Klimawandel.
de Verfasse ein Bewerbungsschreiben für eine Stelle als Buchhalter.
fr Rédige un article sur l'histoire du cinéma français.
fr Rédige une lettre de motivation pour un poste de comptable.
es Escribe un ensayo sobre la revolución industrial.
es Redacta un correo formal para pedir vacaciones.
it Scrivi un articolo sul turismo sostenibile.
pt Escreva uma redação sobre o meio ambiente.
""",
    "creative": r"""
en Write a poem about autumn in the style of a haiku.
en Tell me a short story about a dragon who is afraid of fire.
en Invent ten names for a coffee shop on a boat.
en Write a rap battle between a cat and a dog.
en Compose song lyrics about leaving home.
en Come up with a slogan for a vegan bakery.
en Write a limerick about a programmer.
en Write a screenplay scene where two spies meet in a laundromat.
en Imagine a world without money and describe a day in it.
en Tell me a joke about accountants.
en~ wriet a poem abuot the sea
en~ tell me a stroy about a lost robot
de Schreibe ein Gedicht über den Herbst.
de Erzähle mir eine Gutenachtgeschichte über einen Bären.
fr Écris un poème sur la mer.
fr Invente une histoire de pirates pour mes enfants.
es Escribe un poema sobre la luna.
es Cuéntame un cuento sobre un zorro.
it Scrivi una poesia sulla pioggia.
pt Escreva um poema sobre a saudade.
""",
    "summarization": r"""
en Summarize the following article in three bullet points.
en Give me a TL;DR of this thread.
en What are the key takeaways from this meeting transcript?
en Condense this report to one paragraph.
en Write a summary of the attached contract.
en Sum up the discussion below in two sentences.
en Shorten this text to 50 words.
en Give me the gist of this email chain.
en Provide an executive summary of the document.
en Recap the main points of the podcast transcript.
en~ sumarize this articel for me
en~ summerise the folowing text in one sentnce
de Fasse den folgenden Text in drei Sätzen zusammen.
de Gib mir eine Zusammenfassung dieses Berichts.
fr Résume cet article en cinq lignes.
fr Fais un résumé de ce document.
es Resume el siguiente texto en tres frases.
es Haz un resumen de esta reunión.
it Riassumi questo articolo in poche righe.
pt Resuma o texto abaixo em um parágrafo.
""",
    "translation": r"""
en Translate this sentence into French: The cat is on the roof.
en How do you say "good morning" in Japanese?
en Translate the following email from German to English.
en What does "Schadenfreude" mean in English?
en Please translate: ¿Dónde está la biblioteca?
en Give me the Spanish translation of this paragraph.
en Render this contract clause in Italian.
en Localize these UI strings into Brazilian Portuguese.
en English to Korean: I will be late.
en~ Tranlsate this text to spanish
en~ transalte to german: see you tomorow
de Übersetze diesen Satz ins Englische.
de Wie sagt man "Danke" auf Portugiesisch?
fr Traduis cette phrase en anglais.
fr Comment dit-on "merci" en allemand ?
es Traduce este párrafo al inglés.
es ¿Cómo se dice "gracias" en francés?
it Traduci questa frase in inglese.
pt Traduza este texto para o inglês.
""",
    "extraction": r"""
en Extract all names and dates from the text below as JSON.
en List every email address mentioned in this document.
en Pull the invoice number and total from this invoice.
en Identify all the companies mentioned in the article.
en Parse this resume into JSON with name, skills and education.
en Find all phone numbers in the following text.
en Extract the action items from these meeting notes.
en Fill in the fields name, address and order_id from this message.
en Get the key-value pairs out of this form.
en Perform named entity recognition on this paragraph.
en~ extarct the names and adresses from this text
en~ extrct all dates from the emial
de Extrahiere alle Namen und Daten aus dem Text.
de Finde alle E-Mail-Adressen im folgenden Text.
fr Extrais les noms et les dates de ce texte.
fr Extraire le montant total de cette facture.
es Extrae todos los nombres y fechas del texto.
it Estrai tutti i nomi e le date dal testo.
pt Extraia os nomes e as datas do texto abaixo.
""",
    "classification": r"""
en Classify this review as positive, negative or neutral.
en Is the following tweet spam or not spam?
en What is the sentiment of this comment?
en Assign one of these labels to the ticket: billing, technical, other.
en Categorize these expenses into travel, food and office.
en Label each sentence as fact or opinion.
en Decide which category this product belongs to.
en Tag the following articles by topic.
en Determine the intent of the user's message: cancel, buy, or complain.
en Does this comment contain hate speech? Answer yes or no.
en~ clasify this email as spam or ham
en~ whats the sentimant of this review
de Klassifiziere diese Bewertung als positiv oder negativ.
de Ordne diese Anfrage einer der folgenden Kategorien zu.
fr Classe ce commentaire comme positif ou négatif.
fr Catégorise ces dépenses par type.
es Clasifica esta reseña como positiva o negativa.
it Classifica questa recensione come positiva o negativa.
pt Classifique este comentário como positivo ou negativo.
""",
    "question_answering": r"""
en What is the capital of Australia?
en Who wrote Pride and Prejudice?
en Answer the question from the context: The plant was opened in 1974. Question: When was the plant opened?
en Use the following pieces of context to answer the question at the end.\n\nThe API returns an error code.\n\nQuestion: What is returned?
en Based on the documents below, what is the notice period?
en How does photosynthesis work?
en When did the Berlin Wall fall?
en Which planet has the most moons?
en Explain what a black hole is.
en What is the difference between TCP and UDP?
en Where is the headquarters of the WHO?
en~ waht is the captial of canada
en~ who discoverd penicilin?
de Was ist die Hauptstadt von Australien?
de Beantworte die Frage anhand des Kontexts: Das Werk wurde 1974 eröffnet. Frage: Wann wurde es eröffnet?
fr Quelle est la capitale du Canada ?
fr Réponds à la question à partir du contexte suivant.
es ¿Cuál es la capital de Perú?
es Responde a la pregunta usando el contexto.
it Qual è la capitale della Norvegia?
pt Qual é a capital de Portugal?
""",
    "conversation": r"""
en Hi there, how are you today?
en Hello!
en Thanks, that was really helpful.
en I feel a bit lonely tonight, can we just chat?
en Good morning! Did you sleep well?
en Let's pretend you are my grandmother and talk about your garden.
en haha that is funny
en What is your favourite colour?
en I had a rough day at work.
en Bye, see you tomorrow!
en~ helo how aer you
en~ thnaks a lot, taht was great
de Hallo, wie geht es dir?
de Danke, das war sehr nett von dir!
fr Salut, comment ça va ?
fr Merci beaucoup, bonne journée !
es Hola, ¿cómo estás?
it Ciao, come stai?
pt Olá, tudo bem com você?
""",
}


def read(lines: str, label: str | None) -> tuple[Prompt, ...]:
    """Return the prompts of lines."""
    pairs = (line.split(" ", 1) for line in lines.strip().splitlines())
    return tuple(Prompt(language=language, text=text.replace("\\n", "\n"), task=label) for language, text in pairs)


PROMPTS: Final = tuple(prompt for task, lines in _LINES.items() for prompt in read(lines, task))
