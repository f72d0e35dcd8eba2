"""Prompts with how hard a person would say they are, written by hand to learn where the levels of complexity part.

`low` is answered at once; `medium` takes some thought or several sentences; `high` takes several steps, trade-offs or a proof.
"""

# ruff: noqa: E501 - a prompt is a line, however long

from __future__ import annotations

from typing import Final

_LEVELS: Final = {
    "low": r"""
What does HTTP stand for?
Spell the word "necessary".
What is 9 times 12?
Say thank you in Japanese.
Which planet is closest to the sun?
Is a tomato a fruit?
Hi, are you there?
Turn this into upper case: hello
Is this message spam? "You won a prize, click here"
What's the plural of ox?
Name three primary colours.
Give me a synonym for happy.
How many days are there in March?
Who directed Jaws?
Extract the year: The bridge was finished in 1937.
Wie heißt die Hauptstadt von Kanada?
Quelle heure est-il à Tokyo quand il est midi à Paris ?
When was the company founded, according to the text? "Founded in 1974, it grew quickly."
Good night and thanks again
What is the file extension of a Python script?
""",
    "medium": r"""
Write a Python function that groups a list of words by their first letter.
Explain how vaccines work to a teenager.
Summarize this article in five bullet points and keep the numbers.
Write a polite email that asks for a refund, mentions the order number and stays under 120 words.
Compare trains and buses for a daily commute.
Why does my React component render twice, and how do I stop it?
A tank fills in 6 hours and empties in 9. How long does it take to fill with both taps open?
Translate the letter below into formal French and keep the names as they are.
Suggest a weekly meal plan for two vegetarians.
Write a short story about a lighthouse keeper, at most 300 words.
Refactor this function so that it has no nested loops, and add type hints.
Find the outliers in this table and say what may have caused them.
Write a SQL query that returns, for each customer, the total of the last three orders.
What are the advantages and disadvantages of working from home?
Erkläre den Unterschied zwischen TCP und UDP mit je einem Beispiel.
Draft a product description for a standing desk, with three selling points.
Implement binary search in Go with tests.
Analyze the tone of this speech and give two examples.
Describe the causes of the First World War.
Set up a GitHub workflow that runs the tests on every push.
""",
    "high": r"""
Design a payment system for several regions that never charges twice, and discuss how it behaves when a data centre fails.
Prove that every bounded monotone sequence of real numbers converges.
Plan the migration of our monolith to services over a year: phases, risks, owners, how we measure success, and how we roll back.
Derive the gradient of the softmax cross-entropy and show how to compute it without overflow.
Implement a lock-free queue in C++ and argue why it is correct under concurrent producers and consumers.
Compare three consensus algorithms, analyze their failure modes, and recommend one for a ledger across five data centres.
Write a research proposal on sleep and memory with hypotheses, methods, power analysis, risks and a budget.
Develop a market entry strategy for Poland, including pricing, partners, legal constraints and a two-year financial plan.
Show that the halting problem is undecidable, then generalize the argument to Rice's theorem.
Our latency doubled after the release. Here are traces, configs and metrics; find the root cause, propose a fix, and plan a rollout without downtime.
Entwirf eine verteilte Architektur für zehn Millionen Nutzer, begründe die Kompromisse und vergleiche zwei Alternativen.
Formalize the auction as a game, find the equilibrium, and discuss what changes when bidders collude.
Evaluate from technical, legal and financial points of view whether we should build or buy, then write the recommendation to the board.
Write a compiler pass that vectorizes loops, explain its complexity, and prove that it keeps the semantics.
Design an experiment that tests three prices, justify the sample size, list the threats to validity and write the analysis plan.
""",
}

JUDGED: Final = tuple((text, level) for level, lines in _LEVELS.items() for text in lines.strip().splitlines())
"""A prompt, and its complexity as a person would say it."""
