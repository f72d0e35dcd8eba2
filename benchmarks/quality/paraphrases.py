"""Pairs of prompts that ask for the same in other words, written by hand.

None of them is learned from. `english_roundabout` and `english_offhand` of the phrasings were written after they had been read: they take
none of their sentences, but their ways of asking are those of people who ask as they do, so that the pairs flatter a little.
"""

# ruff: noqa: E501 - a pair is a line, however long

from __future__ import annotations

from typing import Final

_LINES: Final = r"""
Write a Python function that removes blanks from a string. | I could use a bit of Python that takes a string and gets rid of its blanks.
Create a login form in React. | We're missing a React form where users can log in. Could you code one?
Give me a bash one-liner that counts files. | Which bash command prints the number of files? Just the one-liner.
Write a SQL query for the five newest orders. | SQL for getting the newest five orders, please.
Implement a stack in Java. | Show a Java implementation of a stack.
Refactor this function so that it has no side effects: def f(x): g.append(x) | Get rid of the side effects in this function: def f(x): g.append(x)
Add type hints to this code: def area(w, h): return w * h | This code lacks type hints, add them: def area(w, h): return w * h
Convert this Java class to Kotlin. | I have a Java class that should become Kotlin.
Why does my script raise a ValueError? | My script dies with a ValueError. How come?
Fix the bug in this loop: for i in range(n+1): a[i] += 1 | Something is broken in this loop, repair it: for i in range(n+1): a[i] += 1
My container keeps restarting, what is wrong? | What could be the reason that my container restarts all the time?
I get a null pointer exception on startup. | On startup there is a null pointer exception.
Solve 4x - 3 = 21. | For which x does 4x - 3 = 21 hold?
What is 15% of 260? | Compute fifteen percent of 260.
Prove that the sum of two odd integers is even. | Give a proof: two odd integers always add up to an even one.
A shop sells 12 pens a day. How many does it sell in 30 days? | If 12 pens are sold daily, what is the total after 30 days?
What is the derivative of x^3? | Differentiate x^3.
Analyze this table and describe the trend: Jan 10, Feb 14, Mar 9 | Have a look at this table, what trend is there? Jan 10, Feb 14, Mar 9
Find the outliers in these numbers: 3, 4, 5, 90, 4 | Which of these numbers are outliers? 3, 4, 5, 90, 4
Compare our sales by region and explain the differences. | How do sales differ between our regions, and why?
Plan a four-day trip to Rome with a budget. | I'm off to Rome for four days; lay out an itinerary and a budget.
Create a step-by-step plan for opening a bakery. | Which steps lead to opening a bakery? Put them into a plan with dates.
Research three suppliers, compare them and recommend one. | Look into three suppliers, weigh them against each other, then tell me which to take.
Write an email to my boss asking for a day off. | How do I ask my boss for a day off by email? Draft the mail.
Write an essay about renewable energy. | I need an essay; the subject is renewable energy.
Draft a press release about our new shop. | Our new shop needs a press release. Draft it.
Write a poem about the sea. | Put the sea into verse.
Tell me a story about a lonely robot. | I'd love to hear a story in which a robot is lonely.
Come up with ten names for a band. | What could my band be called? Ten ideas.
Summarize this article in three sentences. | Three sentences that say what is in this article, please.
Give me the key points of this report. | What are the essentials of this report?
TL;DR of the thread below | The thread below, but short.
Translate this sentence into Italian: The shop is closed. | The shop is closed. How would this sentence read in Italian?
How do you say good luck in Polish? | What's good luck in Polish?
Translate the letter from German to English. | The letter is in German, I need it in English.
Extract all dates from this text. | Which dates does this text contain? List them.
Return the names and prices as JSON. | I want JSON with the names and prices.
List every company that is mentioned in the article. | What companies does the article mention? Make a list.
Is this review positive or negative? The food was cold. | Positive or negative? The food was cold.
Classify this ticket as bug, feature or question. | What is this ticket: a bug, a feature or a question?
Decide whether this mail is spam. | Spam or not? Judge this mail.
What is the capital of Canada? | Which city is Canada's capital?
Who wrote Faust? | Faust was written by whom?
How does a fridge work? | Explain the workings of a fridge.
Why do cats purr? | What makes cats purr?
Answer from the context. Context: The hut opens in May. Question: When does the hut open? | Context: The hut opens in May. According to it, when does the hut open?
How are you today? | How are you doing today?
Thanks, that helped a lot! | That was a great help, thank you!
Who are you? | Tell me who you are.
I'm bored. | I am so bored right now.
"""

PAIRS: Final = tuple((line.partition(" | ")[0], line.partition(" | ")[2]) for line in _LINES.strip().splitlines())
"""A prompt, and the same in other words."""
