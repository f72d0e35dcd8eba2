"""Prompts written after the word lists: what they score is what a stranger's prompts may expect.

No word was added for them; the weight of a question's form was lowered after they had shown that it was too high. Do not tune on them.
"""

from __future__ import annotations

from typing import Final

from .prompts import read

_LINES: Final = {
    "code_generation": r"""
en Could you put together a small Flask app that lets users upload PDFs?
en Write me a cron expression for every weekday at 7.
en i need a makefile target that builds and pushes a docker image
de Schreib mir eine Klasse für eine Warteschlange in C++.
""",
    "code_editing": r"""
en Extract the validation logic of this method into its own function.
en Make the following snippet Python 3.12 compatible.
en Swap the promise chains in this file for async/await.
""",
    "debugging": r"""
en my query returns duplicate rows, what am i doing wrong
en After upgrading to Django 5 all my tests fail with ImproperlyConfigured.
en Why doesn't the button do anything when I click it?\n```js\nbtn.onclick = save();\n```
""",
    "math": r"""
en A tank fills in 6 hours and empties in 9. How long does it take to fill with both open?
en What is the sum of the first 100 positive integers?
en Is 1001 a prime number?
es ¿Cuál es el área de un círculo de radio 3?
""",
    "data_analysis": r"""
en These are last week's support ticket counts by day: 12, 18, 9, 30, 41. What stands out?
en Which marketing channel gave the best return according to this data?
en Segment our users by activity and describe each segment.
""",
    "multi_step": r"""
en Help me prepare for a marathon in October: training, nutrition, gear, and what to do each week.
en Check my inbox, find the contract from Acme, and reply with the signed copy.
en How should we split the monolith, and in what order?
""",
    "long_form": r"""
en Write a two-page summary-free introduction to stoicism for students.
en Can you draft a reply to this angry customer?
en Write a wedding toast for my brother.
fr Écris un courriel à mon propriétaire au sujet du chauffage.
""",
    "creative": r"""
en Give me a plot for a heist movie set in a library.
en Roleplay as a pirate and describe your ship.
en Come up with a pun about bread.
""",
    "summarization": r"""
en What are the most important points in the following minutes?
en Reduce this to a tweet.
en Can you give a quick rundown of this chapter?
it Fammi un riassunto di questa email.
""",
    "translation": r"""
en What is "thank you" in Turkish?
en Convert this paragraph from Dutch to English.
en Can you say that in Spanish?
de Bitte ins Französische übersetzen: Ich habe Hunger.
""",
    "extraction": r"""
en Which dates and amounts appear in this letter?
en Return the sender, subject and due date of this email as a JSON object.
en Pick out the product names in these reviews.
""",
    "classification": r"""
en Does this text express joy, anger or fear?
en Is the tone of this email formal or informal?
en Is this transaction fraudulent? Reply with yes or no.
""",
    "question_answering": r"""
en why is the sky blue
en How many people live in Iceland?
en Using only the passages provided, say when the warranty ends.
fr Qui a inventé le téléphone ?
""",
    "conversation": r"""
en Hey, got a minute?
en I'm so tired of this weather.
en You made me laugh, thank you.
""",
}

UNSEEN: Final = tuple(prompt for task, lines in _LINES.items() for prompt in read(lines, task))
