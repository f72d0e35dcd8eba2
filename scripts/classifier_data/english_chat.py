"""How people ask what they want to know."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
    "question_answering": """
explain {topic} <to me|simply|to a five year old|in simple terms|>
explain how {topic} <works|work>
explain the difference between {topic} and {topic}
explain why {fact}
describe {topic}
describe how {topic} <affects|changed> {topic}
define {topic}
tell me about {topic}
tell me more about {topic}
tell me <who invented|when people discovered|what caused> {topic}
tell me the capital of {place}
name {m} <countries|animals|rivers|inventors|causes> related to {topic}
list the <causes|effects|advantages|symptoms|stages|types> of {topic}
give me <some facts|information|an overview> about {topic}
answer the question using only the context.\\n\\nContext: {passage}\\n\\nQuestion: {about}
answer the following question based on the passages below\\n{passage}\\n{passage}\\n\\nQuestion: {about}
answer the question: {about}
use the following pieces of context to answer the question at the end. If you don't know the answer, say that you don't know.\\n\\n{passage}\\n\\n{passage}\\n\\nQuestion: {about}\\nHelpful answer:
compare {topic} and {topic}
recommend a good <book|film|restaurant|museum> <about {topic}|in {place}>
remind me what {topic} <means|is>
teach me the basics of {topic}
""",
}

SAID: Final[Mapping[str, str]] = {
    "question_answering": """
what is {topic}?
what is {topic}
what are {topic}
What causes {topic}?
what are the <benefits|risks|symptoms|causes|types|effects> of {topic}?
what is the difference between {topic} and {topic}?
What is the capital of {place}?
what's the population of {place}
what is the <tallest|largest|oldest|longest|deepest> <mountain|river|building|lake|city> in {place}?
what does {topic} mean?
what happens <when you freeze|if you heat|inside> {topic}?
what time is it in {place}
who <invented|discovered|wrote|painted|founded|directed|composed> {work}?
who was the <first|last> <president|king|emperor|woman> <of {place}|to win a Nobel prize>
Who won the <World Cup|Nobel Prize in Physics|election> in <1998|2010|1966>?
when <was|were> {topic} <discovered|invented>?
when did <the war|the Roman Empire|the Cold War> end?
when is the best time to visit {place}?
where <is|are> {topic} found?
where can I <see|find|buy> {topic} in {place}?
why {factq}?
why is {topic} important?
why are {topic} <dangerous|popular|expensive>?
how does {topic} work?
how do {topic} work
how <tall|old|far|deep|heavy|big> is <mount Everest|the sun|the moon|{place}>?
how many <bones|teeth|planets|countries|players> are there <in the human body|in a team|in Africa|>?
how long does it take to <get to|fly to> {place}?
how can I <get better at|learn about|start with> {topic}?
how is {topic} different from {topic}?
is it <safe|legal|healthy|possible> to {deed}?
is {place} <in Europe|expensive|safe>?
can you {deed} with {topic}?
can dogs eat <chocolate|grapes|cheese>?
do {topic} <matter|exist|cause problems>?
does {topic} <affect|help with> {topic}?
did {human} really {deed}?
are {topic} bad for you?
which <country|planet|animal|element|river|language> is <the largest|the oldest|known for {topic}>?
which <gas|vitamin|organ|instrument|colour> {does}?
In which year did <the Titanic sink|the Berlin Wall fall|man land on the moon>?
In what country is {place}?
According to the <handbook|passage|policy|manual>, {about}
Context: {passage}\\n\\nQuestion: {about}
Context:\\n{passage}\\n{passage}\\n{passage}\\n\\nQuestion: {about}\\nAnswer:
{passage}\\n\\nQuestion: {about}
{passage}\\n\\n{about}
{passage} {passage}\\n\\nBased on the text above, {about}
Based on the <context|documents> given, {about}
Documents:\\n[1] {passage}\\n[2] {passage}\\n\\n{about} Cite the documents.
Passage: {passage}\\nQ: {about}\\nA:
{mcstem}\\nA. {option}\\nB. {option}\\nC. {option}\\nD. {option}
{mcstem}\\nA. {option}\\nB. {option}\\nC. {option}\\nD. {option}\\nAnswer:
{mcstem}\\n(a) {option} (b) {option} (c) {option} (d) {option}
Q: {mcstem}
{mcstem}
I <want|would like> to know <more about {topic}|how {topic} works|why {fact}>
I'm curious about {topic}
{topic}?
do you know <who invented {topic}|what {topic} means|where {place} is>?
anyone know what {topic} is for
should I <worry about|learn about|try> {topic}?
what's a good <substitute for eggs|way to sleep better|gift for a teacher>?
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "fact": (
        "the sky is blue",
        "leaves change colour",
        "ice floats",
        "cats purr",
        "prices rise",
        "we dream",
        "the moon has phases",
        "people yawn",
        "planes fly",
        "Rome fell",
        "bread rises",
        "metal feels cold",
    ),
    "factq": (
        "is the sky blue",
        "do leaves fall",
        "does ice float",
        "do cats purr",
        "do prices rise",
        "do we dream",
        "does the moon have phases",
        "do people yawn",
        "did Rome fall",
        "is the sea salty",
        "do onions make you cry",
        "do we have leap years",
    ),
    "deed": (
        "drink sea water",
        "eat raw eggs",
        "travel without a visa",
        "freeze milk",
        "run every day",
        "park here",
        "grow tomatoes indoors",
        "swim after lunch",
        "record a call",
        "take two aspirins",
        "fly with a cold",
    ),
    "does": (
        "carries oxygen in blood",
        "has four strings",
        "do plants absorb",
        "filters the blood",
        "do you get from red and blue",
        "is abundant in the air",
        "helps bones grow",
    ),
    "work": (
        "the telephone",
        "Hamlet",
        "the Mona Lisa",
        "penicillin",
        "the World Wide Web",
        "Don Quixote",
        "The Magic Flute",
        "the light bulb",
        "Psycho",
        "Microsoft",
        "the Red Cross",
        "Guernica",
        "Moby Dick",
        "radium",
        "the saxophone",
    ),
    "about": (
        "when did the plant open?",
        "how many days do employees have?",
        "who asked for a refund?",
        "how long is the warranty?",
        "what did the committee decide?",
        "where is the hut?",
        "what was the total?",
        "why was the customer unhappy?",
        "what is the main idea of the passage?",
        "what can be inferred about the author?",
        "how much did it cost?",
        "which of the following is true?",
        "who is invited to the call?",
        "what happened to the rate?",
        "when must the figures be sent?",
        "what side effects were reported?",
        "how do bees tell the distance?",
        "is shipping refunded?",
        "which provinces does the river cross?",
        "what does the writer want?",
    ),
    "mcstem": (
        "Which of the following is a cause of {topic}?",
        "Which of the following best describes {topic}?",
        "Which statement about {topic} is true?",
        "All of the following are features of {topic} EXCEPT",
        "The main purpose of {topic} is to",
        "According to the theory of {topic},",
        "A patient presents with fever and a stiff neck. What is the most likely diagnosis?",
        "A plant cell differs from an animal cell because it has",
        "The process by which water turns into vapour is called",
        "What do birds need in order to fly?",
        "If someone wants to relax after work, where might they go?",
        "The student left the ice cube in the sun so that it would",
        "Where would you put a plate after washing it?",
        "Under the contract, the seller delivered the goods late. Which remedy may the buyer seek?",
        "Which element has the highest electronegativity?",
        "What is the function of the mitochondria?",
        "A bear stores fat in autumn in order to",
        "What island country lies off the south coast of India?",
        "Which singer had a hit in the 1980s with 'Like a Prayer'?",
        "In what sport is the Stanley Cup awarded?",
        "Economists would expect a rise in the price of coffee to lead to",
        "The philosopher argues that moral judgements are",
        "A gas is compressed at constant temperature. What happens to its pressure?",
        "Which gene mutation leads to the loss of the protein?",
        "He was tired of walking, what should he do?",
        "The researchers measured the spectrum of the compound and found two peaks. Which product was formed?",
    ),
    "option": (
        "{topic}",
        "a decrease in temperature",
        "the mitochondria",
        "both parties are liable",
        "an increase in demand",
        "carbon dioxide",
        "the nervous system",
        "a change in its mass",
        "kitchen",
        "none of the above",
        "oxygen",
        "because it is heavier",
        "park",
        "an independent variable",
        "erosion",
        "fear of loss",
        "guilty, because he intended the act",
        "acute infection",
        "market",
        "social learning",
        "{n}",
        "cupboard",
        "a reflex",
        "iron",
        "they migrate in winter",
        "not guilty",
        "the plaintiff will win",
        "deontology",
        "reproduction",
        "{place}",
    ),
}
