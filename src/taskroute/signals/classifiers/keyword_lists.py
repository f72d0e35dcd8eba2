"""The words that tell tasks apart: English, and the commonest verbs of German, French, Spanish, Italian and Portuguese.

Terms are written as the classifier sees them: lower case, accents removed, punctuation as a space. A term of several words is a phrase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = frozenset({"en", "de", "fr", "es", "it", "pt"})
"""Languages that the lists cover; a text that is known to be in another one is not judged by them."""

STRONG: Final[Mapping[str, str]] = {
    "code_generation": """
        unit tests, bash script, shell script, python script, dockerfile, regex, regular expression, sql query, rest api, code snippet,
        programmiere, discord bot, slack bot, leetcode, web server, websocket, implement, implementiere, implemente, implementa, algorithm, boilerplate""",
    "code_editing": """
        refactor, refactoring, refaktoriere, refactorise, refactoriser, refactoriza, refatore, refatora, rifattorizza, type hints,
        docstrings, docstring, clean up this code, rewrite this code, code review, list comprehension""",
    "debugging": """
        debug, debugging, bug, bugs, traceback, stack trace, stacktrace, segmentation fault, segfault, null pointer, nullpointer,
        memory leak, exit code, undefined is not, is not a function, is not defined, does not compile, crashes, crashing, crashed, plante,
        not subscriptable, unable to resolve, infinite loop, core dumped, debugge, debogue, depura, reproduce the problem, cannot read, cannot find module, permission denied, exits immediately, out of memory""",
    "math": """
        solve for, equation, equations, integral, derivative, polynomial, determinant, matrix, square root, sqrt, probability, irrational,
        theorem, prove that, calculus, factorial, logarithm, prime numbers between, arithmetic, gleichung, ableitung, wurzel,
        wahrscheinlichkeit, equation, derivee, integrale, ecuacion, derivada, equazione, derivata, integrale, equacao, binomial, modulo,
        hypotenuse, standard deviation, limit of, greatest common divisor, square root of, cubed, squared, discount, quanto fa, cuanto es, perimeter, how many ways, lcm, gcd, eigenvalues, beweise, demontre, demuestra, dimostra""",
    "data_analysis": """
        data analysis, dataset, data set, outliers, outlier, correlation, regression, time series, statistically significant, kpis, kpi,
        exploratory, insights, cohort, cohorts, analyze the data, analyse the data, analyze this data, analyse this data, spreadsheet,
        pivot table, histogram, forecast, pivot, churn, sign ups, anomalies, anomaly, unusual, a b test, tabla, las ventas, ausreisser, verkaufsdaten, donnees de vente, datenanalyse, analyse de donnees,
        analisis de datos, dashboard""",
    "multi_step": """
        step by step plan, project plan, roadmap, subtasks, sub tasks, milestones, milestone, action plan, go to market, itinerary,
        projektplan, plan d action, plan paso a paso, piano passo, plano passo, meilensteinen, zeitplan, design the architecture,
        system design, end to end plan, depends on which, strategy step""",
    "long_form": """
        blog post, essay, cover letter, press release, white paper, whitepaper, product description, newsletter, bewerbungsschreiben,
        aufsatz, blogbeitrag, lettre de motivation, dissertation, ensayo, redacao, redazione, saggio, linkedin post, op ed, speech, discours, discurso, discorso, opinion piece, terms of service, rede, magazine, words on, words about, statement of purpose,
        proposal, user guide, word article, word essay, carta de presentacion, lettera di presentazione""",
    "creative": """
        poem, poems, poetry, haiku, limerick, sonnet, lyrics, screenplay, short story, bedtime story, rap battle, joke, jokes, slogan,
        slogans, tagline, fairy tale, riddle, gedicht, gutenachtgeschichte, poeme, poema, poemas, poesia, cuento, histoire de, conte,
        fan fiction, tell me a story, once upon a time, conto, filastrocca, witz, marchen, brainstorm, rhyme, rhymes, novel, monologue, villain, protagonist, world building""",
    "summarization": """
        summarize, summarise, summarizing, summarising, summary, summaries, summarization, summarisation, tl dr, tldr, sum up, recap,
        condense, key takeaways, takeaways, main points, gist, bullet points, executive summary, zusammenfassung, fasse, zusammen,
        zusammenfassen, fass, resume cet, resume ce, resume le, resume la, resume les, resume este, resume esta, resume el, resumer,
        resumez, resumen, resumir, resuma, resumo, riassumi, riassunto, riassumere, sintetizza, synthese, sintesi, shorten this,
        shorten the, in a nutshell, sintetiza, short version, boil, in plain words, tl, abstract of, en resume, kurz zusammen, digest""",
    "translation": """
        translate, translates, translating, translation, translations, ubersetze, ubersetzen, ubersetz, ubersetzung, uebersetze,
        uebersetzen, traduis, traduire, traduisez, traduction, traduce, traducir, traduccion, traduci, tradurre, traduzione, traduza,
        traduz, traduzir, traducao, localize these, localise these, how do you say, how to say, wie sagt man, comment dit on,
        como se dice, come si dice, como se diz, into french, into german, into spanish, into english, into italian, into japanese,
        to spanish, to german, to french, to english, to italian, english to, german to, french to, spanish to, word for, al aleman, al frances, in het, auf deutsch, auf englisch, en francais, en espanol, pasa este""",
    "extraction": """
        extract, extracts, extracting, extraction, extrahiere, extrahieren, extrais, extraire, extrayez, extrae, extraer, estrai,
        estrarre, extraia, extrair, named entity, named entities, entity recognition, key value pairs, all names, all email addresses,
        all phone numbers, all dates, action items, mentioned in, pull the, fill in the fields, parse this, as json, into json,
        all the names, email addresses, collect every, collect all, structured json, every url, all urls, job title, liste todos, enumera""",
    "classification": """
        classify, classifies, classification, categorize, categorise, sentiment, positive or negative, spam or, or spam, not spam,
        klassifiziere, klassifizieren, kategorien, kategorisiere, classe ce, classe cette, classez, classifie, categorise, clasifica,
        clasificar, clasifique, classifica, classificare, classifique, classificar, hate speech, these labels, following categories,
        which category, fact or opinion, intent of, positif ou, positiv oder, positiva o, positivo ou, by topic, toxic, offensive, or irrelevant, safe or, or unsafe, true or false, with one word, which department, sort these""",
    "question_answering": """
        answer the question, answer the following question, answer this question, answer the user question, based on the context,
        based on the documents, based only on, from the context, using the context, given the context, use the context, pieces of context,
        context below, following context, retrieved context, the documents below, beantworte die frage, anhand des kontexts,
        reponds a la question, a partir du contexte, responde a la pregunta, usando el contexto, rispondi alla domanda, responda a pergunta,
        responda a esta pergunta, im kontext, what is the difference between, what is the capital""",
    "conversation": """
        how are you, how are you doing, how s it going, nice to meet you, good morning, good evening, good night, wie geht, comment ca va,
        ca va, como estas, come stai, come va, tudo bem, let s chat, just chat, chat with me, see you, haha, lol, guten morgen,
        bonne journee, buenos dias, bom dia, buongiorno, your favourite, your favorite, let s talk, talk to me""",
}

MEDIUM: Final[Mapping[str, str]] = {
    "code_generation": "function in, class in, in python, in java, in javascript, in go, in rust, in c, react component, fastapi, snippet",
    "code_editing": "optimize this, optimise this, convert this, rename, simplify, cleaner, more readable, duplicated, lesbarer, legible",
    "debugging": """error, exception, fails, failing, broken, what is wrong, not working, doesn t work, does not work, fehler, fehlermeldung,
        erreur, errore, erro, corrige, corrija, correggi, crash, throws, wirft, warning, hangs, stuck""",
    "math": """solve, calculate, compute, prove, proof, lose, berechne, calcule, calcula, calcola, resuelve, resous, risolvi, resolva, area of,
        factor, percent, percentage, sum of, average of, radius, triangle, km h, mph, how many, how much""",
    "data_analysis": """analyze, analyse, csv, trend, trends, plot, chart, metrics, survey, median, quarter, quarters, sales, table, tabelle,
        tendances, tendencias, tendenze, analysiere, werte, analiza, analizza, growth, variance, distribution, statistics, conversion rate""",
    "multi_step": """step by step, paso a paso, passo a passo, passo dopo passo, etape par etape, schritt fur schritt, plan, plans, rollout, dependencies, organise, organize, strategy,
        architecture, trade offs, and then, then, and finally, finally, design, research, planen, plane, organize, schedule, budget""",
    "long_form": "article, letter, report, email, documentation, artikel, lettre, articolo, carta, correo, redige, redacta, verfasse, draft",
    "creative": "invent, imagine, invente, inventa, erfinde, story, song, in the style of, fictional, names for, a name for, scene, funny, character, dragon",
    "summarization": "shorten, briefly, overview, in one sentence, key points, in one paragraph, in two sentences, in three sentences",
    "translation": """french, german, spanish, italian, japanese, portuguese, chinese, korean, in english, ins englische, ins deutsche,
        en anglais, al ingles, in inglese, para o ingles, what does""",
    "extraction": "names and dates, list every, list all, find all, identify all, get the, fields, json, entities, phone numbers, pull",
    "classification": """label, labels, category, categories, tag, tags, determine whether, is the following, yes or no, spam, intent, positive,
        negative, neutral, ordne, assign, rate this""",
    "question_answering": "explain, define, erklare, explique, explica, spiega, context, according to, kontext, contexte, contexto, contesto",
    "conversation": "i feel, i m feeling, rough day, let s, tell me about yourself, pretend you are, lonely, chat, my day, i just got, do you ever, you re, cool, alles klar, tudo certo",
}

GREETINGS: Final = """hi, hello, hey, thanks, thank you, bye, goodbye, hallo, danke, tschuss, salut, bonjour, merci, hola, gracias, ciao, grazie,
    ola, obrigado, obrigada, buenas, moin, cheers, yo, oi, ok cool, na, good night, good evening"""
"""Decide a short text; open many a long one that is about something else."""

QUESTIONS: Final = """what, who, whom, when, where, which, why, how, is, are, does, did, was, were, wer, wie, wo, wann, warum, welche, welcher,
    welches, qui, quel, quelle, quels, quelles, quand, pourquoi, combien, que, quien, cual, cuando, donde, cuanto, chi, qual, quale,
    quando, dove, perche, quanto, quem, onde"""
"""Open a question."""

POLITE: Final = """please, can, could, would, you, i, want, need, help, me, to, now, then, first, next, also, and, bitte, kannst, du, konnen, sie,
    peux, tu, pouvez, vous, s, il, te, plait, por, favor, puedes, puoi, per, favore, voce, pode, the, a, ll, let, us, kindly, just, like, d"""
"""May stand before the verb of a request."""

VERBS: Final[Mapping[str, str]] = {
    "make": """
        write, create, generate, implement, build, code, develop, make, draft, compose, produce, prepare, program, script, give, need, come up,
        schreibe, schreib, schreiben, erstelle, entwickle, verfasse, generiere, erzeuge, programmiere, erzahle, erzahl, plane,
        ecris, ecrire, ecrivez, cree, creer, creez, genere, generez, redige, redigez, developpe, elabore, raconte,
        escribe, escribir, crea, crear, genera, generar, redacta, desarrolla, cuentame, elabora, disena,
        scrivi, scrivere, sviluppa, raccontami, racconta, escreva, escrever, escreve, crie, criar, gere, redija, desenvolva, conte, tell,
        design, invent, plan, architect, entwirf, making, writing, building, coder, coding, programmer, show me""",
    "edit": """
        rewrite, add, convert, optimize, optimise, port, clean, remove, change, modify, update, extend, replace, improve, migrate, simplify,
        fuge, andere, verbessere, ajoute, modifie, ameliore, anade, agrega, cambia, mejora, riscrivi, aggiungi, modifica, migliora,
        reescreva, adicione, altere, melhore, convertis, convierte, converti, converta, konvertiere, make, turn""",
    "ask": "how would, how do i, how can i, how to, i want, want, necesito, brauche, besoin",
    "fix": """fix, correct, repair, find, why, warum, pourquoi, perche, corrige, corriger, arregla, arreglo, correggi, corrija, finde, behebe,
        repare, wrong, throws, raise, fails, crashes, lanza, plante, wirft""",
}

OBJECTS: Final[Mapping[str, str]] = {
    "code": """
        function, functions, script, class, query, sql, code, program, api, component, module, method, endpoint, tests, app, cli, library,
        python, javascript, typescript, java, kotlin, rust, golang, c, react, html, css, bash, variable, loop, dockerfile, file, cache,
        funktion, skript, klasse, programm, fonction, programme, classe, funcion, clase, codigo, funzione, codice, funcao, tree, parser,
        server, decorator, webpage, website, bot, game, test, codes, loop, container, array, websocket, snippet, terraform, kubernetes, requete, consulta""",
    "prose": """article, report, email, letter, post, documentation, essay, description, speech, guide, review, paper, artikel, brief, bericht,
        lettre, rapport, carta, correo, informe, articulo, articolo, lettera, artigo, relatorio, memo, announcement, biography, page""",
    "fiction": """story, song, scene, names, name, rap, tale, dialogue, verse, geschichte, lied, histoire, chanson, historia, cancion, storia,
        canzone, musica, novel, poem, character, world""",
    "plan": "plan, rollout, phases, offsite, roadmap, strategy, itinerary, schedule, reise, trip, plano, piano, strategie, estrategia, strategia, workflow",
    "summary": "summary, resume, resumen, resumo, riassunto, zusammenfassung, recap, overview, summaries",
    "system": "architecture, system, service, pipeline, ledger, platform, infrastructure, architektur, arquitectura, schema, protocol",
}

EXISTING: Final = """this, these, my, following, below, existing, attached, diese, diesen, dieser, dieses, meinem, meinen, folgenden, ce, cet,
    cette, mon, ma, este, esta, mi, questo, questa, mio, neste, nesta, meu, minha, our, their"""
"""Before the name of a piece of code: it is there already, so that the request is to change it."""

PAIRS: Final[Mapping[tuple[str, str], tuple[str, float]]] = {
    ("make", "code"): ("code_generation", 2.5),
    ("ask", "code"): ("code_generation", 1.5),
    ("make", "own code"): ("code_editing", 1.5),
    ("make", "prose"): ("long_form", 2.5),
    ("make", "fiction"): ("creative", 2.5),
    ("make", "plan"): ("multi_step", 2.5),
    ("make", "summary"): ("summarization", 3.0),
    ("make", "system"): ("multi_step", 2.5),
    ("edit", "code"): ("code_editing", 1.5),
    ("edit", "own code"): ("code_editing", 3.0),
    ("fix", "code"): ("debugging", 1.5),
    ("fix", "own code"): ("debugging", 2.0),
}
"""A verb and the object that follows it within a few words: the task and the weight."""

HARD: Final = """
    prove, proof, derive, design, architecture, architect, trade offs, tradeoffs, trade off, sharded, sharding, multi region, distributed,
    consensus, concurrency, concurrent, scalability, scalable, fault tolerant, linearizable, lock free, consistency, irrational, theorem,
    rigorous, optimality, equilibrium, zero downtime, exactly once, microservices, latency, throughput, bottlenecks, stability, complexity of,
    generalize, formalize, failure modes, leader election, threat model, game theory, convergence, convergent, asymptotic, np hard,
    entwirf, verteilte, architektur, kompromisse, beweise, konsistenz, demontre, architecture distribuee, demuestra, arquitectura, dimostra,
    distribuida, arquitetura, architettura, prouve, prueba que, ten million users, at scale, backpropagation, uniqueness, from first principles"""

HARDER: Final = """
    explain, compare, analyze, analyse, evaluate, why, justify, discuss, critique, recommend, strategy, optimize, optimise, refactor, plan,
    risks, pros and cons, advantages, disadvantages, implement, debug, research, migrate, assess, investigate, thread safe, unit tests, essay,
    erklare, vergleiche, begrunde, analysiere, vor und nachteile, explique, comparez, analyser, justifie, avantages, inconvenients,
    explica, analiza, justifica, ventajas, desventajas, spiega, confronta, analizza, vantaggi, compara, analise, avalie, estimate, propose"""

CONSTRAINTS: Final = """
    must, should, without, at least, at most, exactly, only, ensure, except, between, no more than, avoid, include, including, with, using,
    make sure, do not, don t, each, every, muss, ohne, mindestens, hochstens, doit, sans, sin, debe, senza, deve, sem, within"""

STEPS: Final = (
    "first, second, third, then, next, finally, after that, afterwards, step 1, step 2, zuerst, danach, ensuite, puis, luego, poi, depois"
)
