"""More prompts: in another tone than the first ones, in languages that the word lists do not cover, and by complexity."""

from __future__ import annotations

from typing import Final

from .prompts import read

_CASUAL: Final = {
    "code_generation": r"""
en how would i go about making a discord bot that posts the weather every morning
en Provide a minimal example of a websocket server in Node.
en I want a Terraform module for an S3 bucket with versioning.
en leetcode: given an array of integers, return indices of the two numbers that add up to target
en Show me how to read a file line by line in Rust.
de Ich brauche eine SQL-Abfrage, die doppelte Kunden findet.
fr Peux-tu coder un petit serveur web en Go ?
""",
    "code_editing": r"""
en Can you make this code run faster? It takes 20 seconds for 1000 rows.
en Split the UserService class into two smaller classes.
en Replace all print statements with proper logging.
en Translate this C# snippet to Python.
en Remove the global state from the module below.
es Añade comentarios a este código.
""",
    "debugging": r"""
en it says "cannot read properties of undefined (reading 'map')", what do i do
en My docker container exits immediately after start.
en Why am I getting a 500 when I call the endpoint?
en the loop runs one time too many and i dont see why
en Segfault when I free the list twice?
de Mein Code stürzt beim Speichern ab.
""",
    "math": r"""
en If a shirt costs $40 after a 20% discount, what was the original price?
en Show that the sum of two odd numbers is even.
en What's the standard deviation of 4, 8, 15, 16, 23, 42?
en Evaluate the limit of (1 + 1/n)^n as n goes to infinity.
en Mary has twice as many apples as Tom. Together they have 18. How many does Tom have?
it Quanto fa 12 per 7 meno 5?
""",
    "data_analysis": r"""
en Here's our churn by month. Anything unusual?
en Which of these features best predicts customer churn, judging by the table?
en Do a cohort breakdown of sign-ups from the export below.
en Compare conversion between mobile and desktop over the last 90 days and tell me what changed.
en Build a pivot of revenue by region and quarter.
es Compara las ventas de este año con las del año pasado según la tabla.
""",
    "multi_step": r"""
en We need to move 40 services to Kubernetes by June. Lay out the phases, dependencies and who does what.
en Find me a dentist near the office, check they take my insurance, and book the earliest slot.
en Think through how to restructure our support team and give me a rollout plan.
en Organise a three-day offsite for 25 people in Lisbon.
en Read the ticket, reproduce the problem, then open a pull request.
de Entwickle eine Strategie für den Markteintritt in Polen mit Risiken und Zeitplan.
""",
    "long_form": r"""
en I need about 800 words on the history of coffee for our magazine.
en Help me write a resignation letter that stays friendly.
en Draft the terms of service page for a small web shop.
en Can you turn these notes into a full proposal for the client?
en Write an opinion piece arguing against daylight saving time.
fr Écris un discours pour le mariage de ma sœur.
""",
    "creative": r"""
en Give me a villain monologue for a space opera.
en Write the opening paragraph of a noir novel set in Lagos.
en I want a funny birthday rhyme for my uncle, who loves fishing.
en What would Shakespeare say about smartphones? Write it as a sonnet.
en Think of a name for my band, we play polka metal.
pt Invente uma história sobre um gato astronauta.
""",
    "summarization": r"""
en What is this paper about, in plain words?
en Boil this thread down to the decisions that were made.
en Can I get the short version of the following policy?
en Summarise the customer's complaint for the next agent.
en Make this shorter but keep the numbers.
de Fass mir das Protokoll kurz zusammen.
""",
    "translation": r"""
en What's the Polish word for "umbrella"?
en Put the following into formal German.
en I need this in Dutch and in Swedish.
en Please translate everything below, keep the markdown.
en French to English please: "Il pleut des cordes"
es Pasa este texto al alemán.
""",
    "extraction": r"""
en From the message below, return {"city": ..., "date": ...}.
en Who is mentioned in this article, and what is their job title?
en Give me just the order numbers from these emails.
en Turn this receipt into structured JSON.
en Collect every URL that appears in the log.
pt Liste todos os valores e datas que aparecem no contrato.
""",
    "classification": r"""
en Is this customer angry, neutral or happy?
en Which department should get this ticket: sales, support or legal?
en Rate the relevance of the document to the query: relevant or irrelevant.
en Answer with one word, safe or unsafe: "how do I pick a lock"
en Sort these headlines into politics, sports and culture.
fr Ce message est-il un spam ? Réponds par oui ou non.
""",
    "question_answering": r"""
en how tall is mount kilimanjaro
en According to the handbook, how many vacation days do new employees get?
en Is it safe to eat raw cookie dough?
en What happens to the body during sleep?
en Tell me about the Treaty of Westphalia.
en Context: Refunds take 5 days.\n\nQ: How long do refunds take?\nA:
it Chi ha dipinto la Gioconda?
""",
    "conversation": r"""
en good evening! long day, huh?
en you're pretty smart for a bot
en I just got engaged!!
en ok cool, thanks
en do you ever get bored?
de Na, alles klar bei dir?
pt Oi, tudo certo?
""",
}

_FOREIGN: Final = r"""
pl Napisz wiersz o jesieni.
pl Jaka jest stolica Australii?
nl Vat de volgende tekst samen in drie zinnen.
nl Vertaal deze zin naar het Frans.
sv Sammanfatta följande artikel i tre meningar.
da Skriv et digt om efteråret.
fi Kirjoita runo syksystä.
tr Bu cümleyi İngilizceye çevir.
cs Napiš báseň o podzimu.
hu Fordítsd le ezt a mondatot angolra.
ro Scrie un eseu despre istoria orașului.
vi Hãy dịch câu này sang tiếng Anh.
id Terjemahkan kalimat ini ke dalam bahasa Jerman.
ru Переведи это предложение на английский.
uk Напиши вірш про осінь.
el Μετάφρασε αυτή την πρόταση στα αγγλικά.
zh 请把这句话翻译成英文。
ja この文章を三行で要約してください。
ko 이 문장을 영어로 번역해 주세요.
ar ترجم هذه الجملة إلى الإنجليزية.
he תרגם את המשפט הזה לאנגלית.
hi इस वाक्य का अंग्रेज़ी में अनुवाद करो।
th แปลประโยคนี้เป็นภาษาอังกฤษ
"""

_COMPLEXITIES: Final = {
    "low": r"""
en Hello!
en Think step by step. What is 2+2?
en What is the capital of Australia?
en Translate this sentence into French: The cat is on the roof.
en Fix the typo in this line: helo world
en Who wrote Hamlet?
en Tell me a joke about accountants.
en Is the following tweet spam or not spam?
en Answer the question from the context: The plant was opened in 1974. Question: When was the plant opened?
en Rename the variable `tmp` to `total`.
de Was ist die Hauptstadt von Australien?
fr Traduis cette phrase en anglais.
es Hola, ¿cómo estás?
en Convert 5 miles to kilometres.
en Give me a synonym for happy.
""",
    "medium": r"""
en Explain how TCP congestion control works and compare Reno with Cubic.
en Write a Python function that merges two sorted lists. It must run in linear time, must not use sorted(), and should have type hints.
en Refactor this class so that the cache is thread-safe and add tests.
en Analyze this CSV and tell me which region has the highest growth and why.
en Write a 1500-word blog post about remote work, with three sections and examples.
en Compare the pros and cons of leasing and buying a car for a family of four.
en Why does this code raise a KeyError, and how do I fix it without changing the API?\n```python\nd = {}\nprint(d['a'])\n```
en First look up the weather, then book a table, and finally send an invitation.
de Erkläre den Unterschied zwischen TCP und UDP und vergleiche ihre Vor- und Nachteile.
fr Compare les avantages et les inconvénients du train et de l'avion pour un voyage d'affaires.
en Plan a seven-day trip to Japan with budget, hotels and train times.
en Implement a rate limiter in Go, with unit tests, and explain how it works.
""",
    "high": r"""
en Design a sharded multi-region payments ledger
en Design the architecture of a chat system for ten million users and discuss the trade-offs.
en Prove that every bounded sequence has a convergent subsequence, then generalize the proof to metric spaces.
en Design a distributed lock service with leader election, analyze its failure modes, and justify the consistency model.
en Derive the backpropagation equations for an LSTM and analyze their numerical stability.
en Propose a zero-downtime migration strategy from a monolith to microservices; evaluate risks, trade-offs and rollback.
en Implement a lock-free concurrent hash map in C++ and prove that it is linearizable.
en Formulate and solve the optimal stopping problem with unknown horizon; derive bounds and prove optimality.
de Entwirf eine verteilte Architektur für ein Zahlungssystem und begründe die Kompromisse bei Konsistenz und Verfügbarkeit.
en Evaluate three consensus protocols under network partition, compare their latency trade-offs, and recommend one with a rigorous argument.
en Model the game theory of this auction, derive the equilibrium and prove uniqueness.
en Architect a fault-tolerant event-driven pipeline with exactly-once semantics and explain the scalability bottlenecks.
""",
}

CASUAL: Final = tuple(prompt for task, lines in _CASUAL.items() for prompt in read(lines, task))
"""Prompts written after the first version of the word lists, and used to extend them."""
FOREIGN: Final = read(_FOREIGN, None)
COMPLEX: Final = tuple(prompt for level, lines in _COMPLEXITIES.items() for prompt in read(lines, level))
"""Prompts whose `task` is the complexity instead."""
