"""Messages of a conversation that mean something only after what stands before them, and some that stand alone; written by hand.

Not tuned on, but for one rule: that questions which refer to something lean on what stands before them was found with one of them.
"""

from __future__ import annotations

from typing import Final

TURNS: Final = (
    ("in Dutch as well", "Translate the following into English: Das Haus ist alt.", "", "translation"),
    ("yes please, continue", "Write a fantasy story about two dragons.", "", "creative"),
    ("do the same for this one: The hotel was great", "Is this review positive or negative? The room was dirty.", "", "classification"),
    ("but keep it under 100 words", "Summarize this article about bees in detail.", "", "summarization"),
    ("it still crashes", "My app throws a NullPointerException on login.", "", "debugging"),
    ("and the names too", "Extract all dates from the email below.", "", "extraction"),
    ("what about 18% of 90?", "What is 15% of 60?", "", "math"),
    ("ok, next one", "Solve for x: 3x + 4 = 19", "", "math"),
    ("try again", "Give me the key points of this report.", "", "summarization"),
    ("who was it?", "Which king of France was beheaded in 1793?", "", "question_answering"),
    ("more formal, please", "Write an email to my landlord about the heating.", "", "long_form"),
    ("add a docstring to it", "Write a Python function that reverses a list.", "", "code_editing"),
    ("et en allemand ?", "Traduis cette phrase en anglais : Il fait froid.", "", "translation"),
    ("hazlo otra vez", "Escribe un poema sobre el mar.", "", "creative"),
    ("kürzer bitte", "Schreibe einen Aufsatz über das Mittelalter.", "", "long_form summarization"),
    ("yes", "Can you break down these sales by region and find the outliers? north 3, south 4, west 40", "", "data_analysis"),
    (
        "The parcel never arrived and nobody answers.",
        "",
        "You decide which department a ticket belongs to: shipping or billing.",
        "classification",
    ),
    (
        "The treaty was signed in 1648 in Westphalia by several states.",
        "",
        "You summarise what the user pastes in one sentence.",
        "summarization",
    ),
    ("Où est la gare ?", "", "You are a translator. Translate the user's message into English.", "translation"),
    ("Invoice 2291, Bright Ltd, 4 May, 310 EUR", "", "Return the fields of the invoice as JSON: number, company, date.", "extraction"),
    ("button that changes colour when hovered", "", "You are a front-end developer. Answer with code only.", "code_generation"),
    ("Goodbye, see you tomorrow!", "Write a SQL query that lists all users.", "You are a SQL assistant.", "conversation"),
    ("That's so sweet of you", "Write a poem for my mother.", "", "conversation"),
    ("Who painted the Mona Lisa?", "Translate this letter into French: Dear Anna", "You are a helpful assistant.", "question_answering"),
    (
        "Write a Python function that parses a date.",
        "Tell me a joke.",
        "You are a friendly companion who loves to chat.",
        "code_generation",
    ),
    ("Summarize the text: bees dance to tell where flowers are", "Solve 3x=9", "", "summarization"),
    ("Why does my build fail with error 1064?", "Write a haiku about rain.", "You are a poet.", "debugging"),
    ("good morning, how did you sleep?", "Prove that 2 is prime.", "", "conversation"),
)
"""What the user says now, what the user said before it, the system text, and the tasks that a person would name."""
