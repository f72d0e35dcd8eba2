"""The same requests said offhand: the state of things first, then what is wanted of it; as a reason, a result, a noun, a half sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SAID: Final[Mapping[str, str]] = {
    "code_generation": r"""
we're on {tool} and still do by hand what a {artifact} could do: it {codejob}. <Over to you.|Can you script that?|Code it for me.>
say I want to {codebase}: what's the {lang} for that?
{lang}: {codebase}. <Working code only.|Snippet?|Code please.>
<a snippet|a few lines|some code> in {lang} to {codebase}, <anyone?|please|thanks>
you know {lang}, right? then show me how you'd {codebase}
my homework is a {artifact} in {lang} that {codejob}, and I have nothing yet
the result should be a {lang} {artifact}; what it does: it {codejob}
for {tool}, a minimal {artifact} that {codejob}, <tests included|with comments|no frameworks>
can {lang} {codebase}? <Show how.|If so, with which lines?|An example please.>
nothing on the web fits, so <make me|build me|put together> a {artifact} which {codejob}
from scratch in {lang}: a {artifact}
I don't program, but I need something in {lang} that {codejob}
""",
    "code_editing": r"""
here is my {artifact}. It does its job, but <nobody can read it|it's far too long|the style is awful>:\n{code}
{code}\n<Nicer|Shorter|Faster|Cleaner>, please.
{code}\nHow would you <write|structure|name> this?
what I have:\n{code}\nwhat I want: the same <in {lang}|with types|without the loop|as a class>
the reviewer wants <smaller functions|better names|tests|no globals> in this:\n{code}
same behaviour, <fewer lines|less memory|another language: {lang}|proper names>:\n{code}
our {artifact} grew over the years; <untangle it|break it up|bring some order into it>
could this {artifact} do without <{tool}|the nested ifs|copying everything|so many arguments>?\n{code}
my {lang} {artifact} has to move to {lang}
now with <type annotations|a docstring|logging|a parameter for the path>:\n{code}
this file should obey <the linter|our naming rules|black|the style guide>:\n{code}
bring this {artifact} up to date with <the new {tool}|{lang} best practice|modern syntax>\n{code}
""",
    "debugging": r"""
here's what I run:\n{code}\nand here's what I get: {failure}
I expected it to work, but {failure}
{failure} again. The {artifact} is unchanged. <What now?|Where do I start?|Ideas?>
all was fine until the {artifact} hit {failure}
{code}\nthe last line never runs
{code}\n<Nothing happens.|It gives back garbage.|Wrong answer for an empty list.|It stops halfway.>
I stared at this for hours and can't see the mistake:\n{code}
only on the server does my {artifact} end in {failure}
the {artifact} used to work; since the update of {tool}: {failure}
<googling|searching for> {failure} did not help; it's a {lang} {artifact}
can {failure} come from my {artifact}? It only {fails} at times
with {tool} I run into {failure}; without it all is well
""",
    "math": r"""
{equation}, so x is?
{expression}: <what do you get?|result?|exact value please>
x is unknown, {equation} is given
here is an equation, {equation}. <Its roots?|Which x fit?|Find them all.>
{m} {item} cost {n} <dollars|euros>; <and one?|what does a single one cost?>
{human} had {n} {item} and gave away {m}. <What's left?|How many remain?>
{n} minus {m} percent is what?
{polynomial}: <factor it|its zeros?|its derivative?>
can {polynomial} be <factored|simplified|written as a product>?
two trains, {n} km apart, {m} km/h each: when do they meet?
a rectangle is {m} by {n}; <its area?|how long is the diagonal?|and its perimeter?>
show me why <the sum of the first n odd numbers is a square|there are infinitely many primes|an even square has an even root>
my calculator is broken: {expression}
""",
    "data_analysis": r"""
{table}\n<Anything I should worry about?|Your reading of this?|So what?>
here are our numbers, {metric} by {dimension}. <What do they tell us?|What would you conclude?|Where is the problem?>\n{table}
my boss asks why {metric} <dropped|rose|jumped>; <help me find it in this|the data is below>\n{table}
which {dimension} <should we drop|does best|pulls the average down>?\n{table}
from these figures, what will {metric} be next {dimension}?\n{table}
is the <rise|drop> in {metric} real or just noise?\n{table}
{metric} against {metric}: any <link|correlation|dependence>?\n{table}
I have an export with {metric} for each {dimension} and no idea what it says
{metric}, split by {dimension}, <with the main findings|with growth rates|and the outliers marked>
one look at this table: <what changed|who is ahead|what is missing>?\n{table}
""",
    "multi_step": r"""
it's decided: we {goal2}. <Now I need the way there, step after step.|What is the road map?|Who does what by when?>
all I know is that I want {goal}. <Work out how, with dates.|Turn this into a plan.|Milestones please.>
{goal}: <phases, risks, budget|what first, what then|a timeline with owners>
how would you go about {goal}, <week by week|from start to end|with a small team>?
{m} days in {place}: <plan them for us|what do we do each day, and what will it cost?|fill them>
I leave it to you: find <three offers|a few options> for {topic}, weigh them, decide, and <book|order|tell the team>
there's a lot to do until we {goal2}; <sort it into steps|set up the schedule|what depends on what?>
first gather what there is on {topic}, then rank it, then draft the <proposal|decision|brief>
a checklist with deadlines for {goal}
we need to {goal2} by {m} months from now. <Is that doable, and how?|Break it down.|Draft the project.>
""",
    "long_form": r"""
{person} has to hear that {matter}, but I don't find the words
{matter}; <how do I write that to|what do I write to> {person}?
something in writing for {person}: {matter}
<two|three|five> pages about {topic}, <well argued|for laymen|for school|with a conclusion>
{topic}, as an <essay|article|op-ed|blog post>, around {n} words
{company} has no <about page|newsletter|product text|mission statement> yet. <Fill the gap.|I'd like one.|Write it.>
a few polite lines to {person}, <since|because|the reason:> {matter}
I owe {person} a <mail|letter|reply>: {matter}
our <newsletter|blog|magazine> needs something on {topic}
what would a good <cover letter|complaint|reference|invitation> say? {matter}
you're the author: a <guide|column|speech> on {topic}
""",
    "creative": r"""
once there was a {noun}... <go on|you continue|what happens next?>
a {noun} who is <in love|lost|bored>: <surprise me|make it rhyme|a page or two>
<verses|rhymes|a song text|a limerick> for my <grandmother|wedding|team>, with a {noun} in it
something <funny|sad|spooky> about a {noun} and a {noun}
bedtime, and my daughter wants a {noun} in her story
I have a <cat|boat|bakery|podcast> and it still has no name
we need a <slogan|name|motto> for {company}, <short|witty|with a pun>
<a dialogue|a scene|a monologue> between a {noun} and a {noun}
what if a {noun} <ruled the world|could fly|fell asleep for a century>? Tell it.
the first <line|chapter|verse> of a <novel|ballad|fairy tale> about {noun}s
make me laugh with a {noun}
a haiku, a {noun}, go
""",
    "summarization": r"""
I have no time for all of this:\n{passage}
{passage}\n<In short?|Meaning?|The gist?|Short version please.>
what do I need to know from this {document}?\n{passage}
<the gist|the short of it|the essence|the headline> of this {document}\n{passage}
{document} attached. <Key messages?|{m} bullets, please.|What are the takeaways?>
could you read this {document} for me and say what's in it?
long {document}, short attention span: <{m} lines|one paragraph> at most
in my own meeting I want to present this {document} in <a minute|{m} sentences>\n{passage}
cut this {document} down to <a tenth|{n} words|what matters>\n{passage}
{person} asks what the {document} said, briefly
make <three points|a digest|an abstract> of this\n{passage}
""",
    "translation": r"""
{everyday} <And in {tongue}?|In {tongue}, please.|-> {tongue}>
my {tongue} is poor. What do I say for "{everyday}"?
"{everyday}", <but in {tongue}|for a {tongue} speaker|in {tongue}>
someone wrote me in {tongue}: {everyday} <What does it mean?|In English?>
this {document} exists in {tongue} only, and we need {tongue}
for our guests from {place}, the same in {tongue}: {everyday}
{tongue} version please:\n{passage}
I got a {document} in {tongue} and can't read it\n{passage}
what's the {tongue} <word|term|expression> for {noun}?
{passage}\nNow in {tongue}.
put the {document} into {tongue}
""",
    "extraction": r"""
{passage}\n<Which|What> {field} are in there?
I only care about the {field}:\n{passage}
{field} -> <JSON|CSV|a list>:\n{passage}
from this {document} I need nothing but the {field}\n{passage}
somewhere in this {document} are {field}; <dig them out|collect them|note them down>\n{passage}
our system wants {field} and {field} as <JSON|CSV|XML>; here is the {document}:\n{passage}
a list: all {field} in this {document}
{document} in, <JSON|a table> with {field} out\n{passage}
who and what is named here: {field}?\n{passage}
note every {fieldone} you come across in this:\n{passage}
go through the {document} and keep the {field}
""",
    "classification": r"""
{passage}\n{labels}?
{passage}\n<One of these|Your pick>: {labels}.
tell me {labels}, nothing else: {passage}
our categories are {labels}. <This one?|Where does this go?> {passage}
a {document} came in. {labels}?\n{passage}
which of {labels} is it?\n{passage}
label: {labels}. Text: {passage}
on which pile, {labels}? {passage}
does it sound {labels}? {passage}
{labels} - how would you rate this {document}?\n{passage}
""",
    "question_answering": r"""
<been wondering|a question>: why is it that {fact}?
{topic}, <what is that|what's the idea|how does it work>?
my <son|teacher|friend> asked me why {fact}, and I had no answer
{work}: <by whom|who made it|from which year>?
is {place} <bigger than {place}|in Europe|safe for tourists>?
what do we know about {topic}?
in simple words, {topic}?
<what's|what is> the difference between <a virus and a bacterium|weather and climate|a lake and a pond|interest and dividend>?
when was {work} <made|published|finished>?
what language do they speak in {place}?
{passage}\n<So who was it?|So when?|How many, then?|Where, according to this?>
does it matter whether I {deed}?
""",
    "conversation": r"""
not much going on here, and you?
I just wanted to chat a bit
long time no see
good to have you around
well, that was a day
you're funny
same to you
I can't sleep
nobody talks to me today
that's good news
talk to you tomorrow then
what a nice thing to say
is it you again?
how do you like it here?
""",
}
"""Requests that stand as they are, by task."""
