"""The same requests said in other ways: as a need, a wish, a state of affairs, a question, a fragment, with the object first."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SAID: Final[Mapping[str, str]] = {
    "code_generation": r"""
there should be a {artifact} in {lang} that {codejob}; please provide it
I'm after a {lang} {artifact} which {codejob}
we still lack a {artifact} for {tool}, <can you build it|please program it|could you supply it>?
what would a {artifact} in {lang} look like?
may I have some {lang} that {codejob}?
{artifact} wanted: it {codejob}, language {lang}
a <tiny|small|basic> {lang} {artifact} that {codejob} would be <nice|useful|enough>
in {lang}, how does one {codebase}?
which {lang} <statement|call|snippet|command> would {codebase}?
using {lang}, {codebase}
{codebase} in {lang}
I have to {codebase} with {lang}, <show me how|what do I type|give me the code>
our {tool} project needs a {artifact}. {lang}, please.
is there a {lang} one-liner to {codebase}?
an implementation of a {artifact} in {lang}, if possible with tests
the task: {codebase}. The language: {lang}.
""",
    "code_editing": r"""
this {artifact} should <not depend on global state|use constants|be split in two|be asynchronous>:\n{code}
{code}\nthis has no <types|comments|tests|error handling> yet; put some in
the {artifact} here is in {lang}, but it ought to be in {lang}\n{code}
I'd prefer this with <fewer lines|early returns|better names|no nesting>:\n{code}
my {artifact} is written in {lang}; we are moving to {lang}, so <port it|rewrite it>
<types|docstrings|comments> are missing here, could you supply them?\n{code}
the names in this {artifact} are bad, choose better ones\n{code}
can the <duplication|repetition|nesting> in here be removed?\n{code}
I'd like `{identifier}` to be called `{identifier}` <everywhere|in this file|in the whole module>
make no functional change, but tidy this up\n{code}
let this {artifact} take <a path|a timeout|several values|an optional argument> as well\n{code}
replace the <loop|callback|global|class> in this code by <a comprehension|a promise|a parameter|a function>\n{code}
our {artifact} must no longer use {tool}. Adapt the code.
""",
    "debugging": r"""
something's off with this {artifact}, have a go at it:\n{code}
{failure}. How come?
what is the cause of {failure} in {tool}?
what may lie behind a {failure} when the {artifact} starts?
what could make my {tool} <container|app|job|service> {fails}?
the {lang} {artifact} ends with {failure}, for what reason?
since yesterday the {artifact} {fails}
there's {failure} whenever I <start|build|deploy|open> the {artifact}
how do I get past {failure}?
{code}\nthis doesn't do what it should, <repair it|correct it|where is the mistake>?
the output of this is wrong, mend it:\n{code}
any idea what makes {tool} throw {failure}?
whenever <two users log in|the file is empty|I click twice>, my {artifact} {fails}
a {failure} occurs in my {artifact}
the result of this {artifact} is off by one\n{code}
""",
    "math": r"""
for what value of x is {equation}?
x in {equation}?
I need the value of {expression}
the result of {expression}, please
tell me what {expression} comes to
how much is {expression}?
how much is {m} percent of {n}?
if you take {m} percent off {n}, what is left?
{n} {item} are shared by {m} people, how many does each get?
with {m} {item} an hour, how many are there after {n} hours?
at ${m} each, what do {n} {item} cost?
the derivative of {calculus}, please
what do you get if you <integrate|differentiate|factor|simplify> {polynomial}?
I'd like to see a proof of this: <three consecutive integers add up to a multiple of 3|there is no largest integer|n^3 - n is divisible by 6>
why is <the square root of {m} irrational|0.999... equal to 1|a prime larger than 2 always odd>? Give a proof.
what is the likelihood of <two sixes in {m} rolls|drawing {m} red cards|heads {m} times in a row>?
""",
    "data_analysis": r"""
{table}\nwhat stands out here?
where are these figures heading?\n{table}
in which direction does {metric} move?\n{table}
in what way does {metric} vary between {dimension}s, and for what reason?
is there anything odd in this series: {table}
which values here don't fit the rest?\n{table}
how do the {dimension}s compare in {metric}?\n{table}
what explains the difference in {metric} between the {dimension}s?
I'd like to understand our {metric} by {dimension}; here is the export\n{table}
our {metric} fell. Where and why, judging by this?\n{table}
a <chart|breakdown|ranking> of {metric} by {dimension}, with a comment
does {metric} depend on the {dimension}? {table}
have a go at these numbers and report the patterns\n{table}
{metric} per {dimension}: which one leads, which one lags?\n{table}
""",
    "multi_step": r"""
we're about to {goal2}; <set out|draw up|prepare> the phases, owners and dates
what has to happen, in which order, to {goal2}?
what are all the steps for {goal}, with dates and costs?
a trip to {place}, {m} days, {m} people, small budget: what would the days look like?
a {m}-week programme for {goal}, please, with milestones
a schedule and a budget are needed for {goal}
collect some <offers|candidates|vendors> for {topic}, rate them, and tell me which you would choose
look at three <tools|vendors|schools|hotels>, rate each, then name the best and say why
how can {goal} be brought about within {m} months? Stages, people, risks.
from idea to finish: {goal}. Take me through it.
<compare|check> the options for {topic}, pick one, then write the <order|announcement|ticket>
""",
    "long_form": r"""
a <letter|mail|message> to {person} is due: {matter}. <Please write it|Compose it|Put it into words>.
{person} should hear from me about {matter}; <write the mail|compose a message|find the right words>
how should a letter to {person} about {matter} read?
an <essay|article|report|column> is what I need, and it is about {topic}
the subject is {topic}, the form an <essay|article|report>, the length {n} words
for {company} we require a <press release|product description|brochure text|home page text>
would you put together a <piece|text|paper> on {topic} for {person}?
I'd like to tell {person} about {matter} in writing
some {n} words on {topic} for our <magazine|website|newsletter> would be great
my assignment: {topic}, {n} words, due tomorrow. Please do the writing.
a text on {topic}, <friendly|formal|persuasive> in tone
""",
    "creative": r"""
a <tale|poem|fable> about a {noun} that <gets lost|finds a friend|falls in love|wakes up> would be lovely
make <a rhyme|verses|a song> out of this: a {noun} and a {noun}
let a {noun} be the hero of a <fairy tale|short story|ballad>
a few <rhymes|verses|lines of poetry> on the {noun}, please
how might a <novel|poem|song> about a {noun} begin?
I have to christen my new <boat|cat|bakery|game>, <what fits|any ideas|suggest something>
{m} <titles|slogans|nicknames> for a <{noun} café|podcast|football club>
what might a good <name|title|slogan> for {company} be?
imagine a {noun} that <can talk|is afraid of the dark|wants to be a {noun}>, and write it down
have you got a <story|bedtime story|joke> with a {noun}?
entertain me with a <tale|limerick|riddle> about {noun}s
a {noun}, a {noun} and a secret: turn it into a <scene|story|screenplay>
""",
    "summarization": r"""
{passage}\nthat was long; what does it boil down to?
I want to know in {m} <sentences|lines|words> what this {document} says
a {m}-sentence version of the {document}
what matters most in this {document}?
the {document} is too long for me, <give me the core|what is the core of it|reduce it to the minimum>
only the main points of the {document}, please
the {document} in {m} <sentences|bullets|lines>
this {document}, but in <brief|short form|a few words>\n{passage}
what's the bottom line of this {document}?\n{passage}
how would you put this {document} in <a few words|one line>?
a shorter version of this {document}, please\n{passage}
{person} has no time to read the {document}: what is the message in short?
which points does the {document} make? Briefly.
""",
    "translation": r"""
{everyday} <How is that said in {tongue}?|What would that be in {tongue}?|And that in {tongue}?>
what is {noun} called in {tongue}?
what's "{everyday}" <in|when said in> {tongue}?
how does one express "{everyday}" in {tongue}?
my {document} has to be sent out in {tongue}
it's in {tongue}, but my <boss|mother|client> only reads {tongue}: {passage}
make {tongue} out of this: {everyday}
the {tongue} for {noun}, please
could I get that in {tongue}? {passage}
I don't understand {tongue}. What does this mean? {everyday}
from {tongue} into {tongue}, please: {passage}
for {tongue} readers, please: {passage}
""",
    "extraction": r"""
what {field} occur in this {document}? <Write them down|Name them all|I need each of them>.\n{passage}
there are {field} in this {document}; I need them as <a list|JSON|CSV|a table>\n{passage}
{field} only, one per line:\n{passage}
I'd like a <list|table> of the {field} that this {document} names
JSON with {field} and {field}, please:\n{passage}
{passage}\nthe {field} of this, as <JSON|a list|CSV>
do any {field} occur here? Which?\n{passage}
all {field} in the {document}, without anything else
whose {field} are given in this {document}?\n{passage}
put the {field} of this {document} into <a table|key-value pairs|fields>\n{passage}
every {fieldone} that this {document} contains, please
""",
    "classification": r"""
{labels}? {passage}
{labels}? <What do you say|Pick one|Which is it>: {passage}
which is it, {labels}? {passage}
what would you call this {document}: {labels}?
what is this {document}, {labels}?
should I file this under {labels}?\n{passage}
would you say that this is {labels}?\n{passage}
does this {document} count as {labels}?
into which of these does it fall: {labels}? {passage}
one word, {labels}: {passage}
I have to sort these {document}s: {labels}. Where does this belong?\n{passage}
{passage}\nIs that {labels}?
judge this {document}: {labels}
""",
    "question_answering": r"""
the maker of {work}?
who is behind {work}?
{place}'s capital?
the capital of {place}, please
the reason why {fact}?
what makes it so that {fact}?
what is behind {topic}?
explain {topic} to me
how do <compasses|microwaves|the lungs|vaccines> do their job?
in what year did <the Berlin Wall fall|the Titanic sink|{topic} begin>?
what's the name of the <largest planet|longest river|smallest country>?
I wonder why {fact}
I'd like to know <why {fact}|what {topic} is|who made {work}>
is it true that {fact}?
am I allowed to {deed}?
context: {passage}\naccording to this, <what happened|when was it|who is named|how long does it take>?
{passage}\nGoing by that text, <what is the number|when is it|who did it|where is it>?
""",
    "conversation": r"""
how are things?
how are you getting on today?
how are you feeling?
you were a great help
you have helped me so much
you've been a lifesaver
that's really kind of you
what should I call you?
I feel so <bored|alone|good|low>
nothing to do here, so dull
such a <nice|boring|strange> day today
glad to hear it
that's all for today
you made my day
I had fun talking to you
hope you are doing well today
it was nice talking
""",
}
"""Requests that stand as they are, by task."""
