"""Requests of the built-in tasks, as anybody makes them: what a prompt of the user's own task is told from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "code_generation": (
        "Write a Python function that removes duplicates from a list",
        "Give me a SQL query that counts the users of each country",
        "Create a bash script which renames all files in a folder",
        "Schreibe eine Funktion, die eine Liste sortiert",
        "Écris une fonction qui trie une liste",
        "Escribe una función que ordene una lista",
        "Scrivi una funzione che ordina una lista",
        "Escreva uma função que ordena uma lista",
        "Schrijf een functie die een lijst sorteert",
    ),
    "code_editing": (
        "Refactor this class so that it is easier to test",
        "Add type hints and comments to the following code",
        "Convert this JavaScript snippet to TypeScript",
    ),
    "debugging": (
        "Why does this loop never end?",
        "My program crashes with a null pointer exception",
        "Fix the error in this stack trace",
        "Warum läuft mein Programm nicht?",
        "Pourquoi mon programme ne marche-t-il pas ?",
        "¿Por qué no funciona mi programa?",
        "Perché il mio programma non funziona?",
        "Por que o meu programa não funciona?",
        "Waarom werkt mijn programma niet?",
    ),
    "math": (
        "What is the derivative of x squared times sin x?",
        "Solve the equation 3x + 5 = 20",
        "If a train travels 60 miles in 40 minutes, how fast is it?",
    ),
    "data_analysis": (
        "Which region sold the most according to this table?",
        "Find the trend and the outliers in these figures",
        "Compare the average revenue of the two quarters",
    ),
    "multi_step": (
        "Plan a three day trip to Lisbon with a small budget",
        "Design the architecture of a chat service for a million users",
        "Weigh the pros and cons of remote work and recommend a policy",
        "Ich möchte einen Plan für den Umzug meiner Firma",
        "Je voudrais un plan pour apprendre la guitare",
        "Quiero un plan para aprender a tocar la guitarra",
        "Vorrei un piano per imparare la chitarra",
        "Quero um plano para aprender a tocar violão",
        "Ik wil een plan om gitaar te leren spelen",
    ),
    "long_form": (
        "Write an essay about the causes of the First World War",
        "Draft a formal letter to my landlord",
        "Write a blog post on healthy sleep",
    ),
    "creative": (
        "Write a poem about autumn leaves",
        "Tell me a short story about a dragon that is afraid of fire",
        "Come up with a slogan for a bakery",
        "Erzähle mir eine Geschichte über einen Bären",
        "Raconte-moi une histoire de pirates",
        "Cuéntame un cuento de piratas",
        "Raccontami una storia di pirati",
        "Conte-me uma história de piratas",
        "Vertel me een verhaal over piraten",
    ),
    "summarization": (
        "Summarize the following article in three sentences",
        "Give me the key points of this meeting",
        "Shorten this paragraph",
        "Fasse diesen Text zusammen",
        "Résume ce texte en trois phrases",
        "Resume este texto en tres frases",
        "Riassumi questo testo in tre frasi",
        "Resuma este texto em três frases",
        "Vat deze tekst samen in drie zinnen",
    ),
    "translation": (
        "Translate this sentence into French",
        "How do you say good morning in Japanese?",
        "Put the text below into German",
    ),
    "extraction": (
        "List all names and dates that appear in this text",
        "Pull the email addresses out of the message",
        "Turn this receipt into JSON with item and total",
    ),
    "classification": (
        "Is this review positive or negative?",
        "Label each ticket with one of these categories",
        "Rate these answers from one to five",
    ),
    "question_answering": (
        "What is the capital of Mongolia?",
        "Who invented the telephone?",
        "How does photosynthesis work?",
        "According to the text, when was the bridge built?",
        "Wann wurde der Eiffelturm gebaut?",
        "Quand la tour Eiffel a-t-elle été construite ?",
        "¿Cuándo se construyó la torre Eiffel?",
        "Quando è stata costruita la torre Eiffel?",
        "Quando foi construída a torre Eiffel?",
        "Wanneer werd de Eiffeltoren gebouwd?",
    ),
    "conversation": (
        "Hello, how are you today?",
        "Thank you so much, that was helpful",
        "I feel lonely, can we talk?",
        "What should I cook for dinner tonight?",
        "Wie geht es dir heute?",
        "Comment vas-tu aujourd'hui ?",
        "¿Cómo estás hoy?",
        "Come stai oggi?",
        "Como você está hoje?",
        "Hoe gaat het vandaag met je?",
    ),
}
"""By task, in the languages that the built-in classifier has learned from."""
