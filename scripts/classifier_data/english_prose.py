"""How people ask for their prose to be corrected or put in another tone, and their code to be corrected, in English."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.nothing import NOTHING
from classifier_data.subjects import split

SAID: Final[Mapping[str, str]] = {
    NOTHING: r"""
<|please |can you |could you please >{prosefix}: {slips}
<|please |can you |could you please >{prosefix}:\n{slips}
<|please |can you |could you please >{prosefix}\n\n{slips} {slips}
<|please |can you |could you please >{prosefix}: "{slips}"
<|please |can you |could you please >{prosefix}
<|please |can you |could you please >{prosefix} in my {prose}
<|please |can you |could you please >{prosefix} in <this|the following> {prose}: {slips}
<|please |can you |could you please ><proofread|proof-read|copyedit|spellcheck|spell check> <this|my|the following|our> {prose}
<|please |can you |could you please ><proofread|spellcheck|copy edit> <this|the following> {prose}: {slips}
<|please |can you |could you please ><correct|fix|check|look over|go through> <my|this|the> {prose} for <{flaws}|mistakes|language errors|style and {flaws}>
<|please |can you |could you please ><correct|edit|polish|fix up|revise|improve> <this|my|the> <{prose}|sentence|English>: {slips}
are there any <{flaws}|mistakes|errors> in <this|my> {prose}? {slips}
is <this|my> <English|grammar|spelling|sentence|wording> <right|correct|OK|good>? {slips}
is this <grammatically right|spelled correctly|good English|proper English>: {slips}
what <is wrong with|mistakes are in|is the error in> <this sentence|my sentence|the wording>: {slips}
<|please |can you |could you please >find the <{flaws}|mistakes|errors> in <this|my> <text|{prose}|sentence|paragraph>: {slips}
my <English|German|French> is not so good, <please correct|can you fix> <this|what I wrote>: {slips}
<|please |can you |could you please ><put|add|insert> the <commas|full stops|apostrophes|missing punctuation> <in|where they belong>: {slips}
<|please |can you |could you please ><put|change|turn> <this|the verbs|the sentence> into the <present tense|past|passive|plural|third person>: {slips}
<|can you |please >{prosefix}: {passage}
<|please |could you >proofread <this|the following> {prose}: {passage}
{slips}\n\n<Correct this.|Fix the {flaws}.|Any mistakes?|Is that right?|Proofread please.>
{slips} <fix that sentence|correct this|is this correct?|check the spelling>
""",
    "question_answering": r"""
is it <"its" or "it's"|"fewer" or "less"|"lay" or "lie"|"affect" or "effect"> here?
when do I use <a semicolon|"whom"|the past perfect|"which" instead of "that">?
do I need a <comma|hyphen|capital letter> in "{everyday}"?
how do you spell <{noun}|"necessary"|"accommodation"|rhythm>?
what is the <plural|past tense|opposite> of <mouse|to swim|generous|sheep>?
""",
    "long_form": r"""
<|please |can you |could you please >make <this|my mail|my message|the text> <more polite|friendlier|more formal|less harsh|more diplomatic|warmer|more professional|more casual>: {blunt}
<|please |can you |could you please ><rewrite|rephrase|reword|word> this <so that it sounds less rude|in a friendlier way|more politely|more formally|so it is easier to read>: {blunt}
<|please |can you |could you please >say <this|it> <in a nicer way|more politely|in business English|with more tact|more gently>: {blunt}
<|please |can you |could you please >put this <politely|nicely|diplomatically|in formal words|in plainer words>: {blunt}
soften this: {blunt}
this sounds too <harsh|formal|stiff|rude|casual>, change the tone: {blunt}
<more formal|friendlier|more polite|not so stiff>, please: {blunt}
make <this text|the paragraph|my sentence|this> <clearer|easier to read|simpler|flow better|sound natural|more elegant>: {blunt}
make <this text|the paragraph|this letter> <clearer|easier to read|simpler>: {passage}
how do I <tell {person}|say to {person}> politely that <I won't come|the price is too high|the work is late|we chose somebody else>?
can you make this <sound better|sound natural|more convincing>? {blunt}
can you make my <reply|note|mail> to {person} <sound kinder|shorter and warmer|more assertive>? {blunt}
<|please |can you |could you please ><reply|answer|respond|write back> to {person} that <we accept|I am ill|the meeting has to move|the goods were sent|we need more time>
<|please |can you |could you please ><answer|reply to|respond to> this <customer|mail|complaint|message|enquiry>: {passage}
<|please |can you |could you please ><answer|reply to> the customer <kindly|with an apology|and offer a voucher>: "{passage}"
<turn down|accept|confirm> <this offer|the invitation|the appointment|the request> <politely|in a short mail|and thank them>
<let|tell> {person} <know|in a mail> that <the delivery is delayed|I have accepted|the payment has arrived|we will be closed on {day}>
a <short|kind|polite> <reply|answer|note> to {person}: <I can't come on {day}|the offer is too low|thanks for the gift|we have moved>
an <out of office note|absence note|auto-reply> for <next week|two weeks in {month}|the summer>
what do I <answer|write back|reply> to this? "{passage}"
remind {person} <in a friendly mail|politely> <of the unpaid bill|of the deadline|to send the papers>
""",
    "debugging": r"""
fix the <syntax|indentation|typo|mistake|error> in this <script|code|function|query|program>: {code}
correct the <error|mistake|syntax|bug> in <my|this> <{artifact}|code|{lang} code>: {code}
there is <a mistake|an error|a typo> in my <loop|code|{lang} script|query>: {code}
find the mistake in <this|my> <code|{lang} script|{artifact}>: {code}
correct this <code|query|snippet>, it doesn't run: {code}
what is wrong with this <query|loop|statement|{lang} code>? {code}
check my <code|script> for errors: {code}
the <server|endpoint|API|backend|job> <answers with|returns|responds with> <a 500|a 502|a 404|{failure}> <since the release|after the deploy|>
my <unit tests|tests|builds> <fail|break|are red> <after the merge|since the upgrade|on main>
<how come|for what reason does|why is it that> my {tool} <app|job|worker|page> {fails}?
why is my {tool} <route|worker|migration|listener|cache> <skipped|ignored|never called|so slow|called three times>?
my <{tool} page|{lang} program|{tool} cluster> <is slow|restarts|freezes> <for no reason|after each deploy>, <why|what is going on>?
<npm install|pip install|docker build|terraform apply|cargo build> <fails with {failure}|stops with an error|doesn't finish>
""",
    "code_editing": r"""
correct the <formatting|style|indentation|naming> of this <{lang} file|{artifact}|code> <to match our linter|>
fix the <style|lint warnings|formatting> in this code: {code}
rename the <method|function|class|field> {identifier} to {identifier} in this <class|module|file>
proofread the comments in this code: {code}
""",
}
"""Requests that stand as they are, by task."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "prose": split(
        "letter; email; essay; text; paragraph; application; thesis; resume; message; blog post; statement; article; speech; caption; homework"
    ),
    "flaws": ("grammar", "spelling", "typos", "punctuation", "grammar and spelling", "commas", "grammatical errors", "spelling mistakes"),
    "prosefix": (
        "fix the grammar",
        "fix the spelling",
        "fix my grammar",
        "fix the punctuation",
        "fix all typos",
        "fix this sentence",
        "correct the grammar",
        "correct this sentence",
        "correct the spelling",
        "correct any grammatical mistakes",
        "correct the typos",
        "check the grammar",
        "check my spelling",
        "check the commas",
        "grammar check",
        "spelling and punctuation only",
        "repair the grammar",
        "clean up the punctuation",
        "edit for grammar and clarity",
        "remove the spelling errors",
        "improve the grammar",
        "improve the wording",
        "capitalise the sentences",
        "use correct capital letters",
    ),
    "slips": (
        "She have two childs and a dog.",
        "the train are late agian",
        "We was waiting since two hours for the bus",
        "I has never been in Paris before.",
        "Me and my sister goes shopping every weekend",
        "Its a beautifull day, isnt it",
        "They dont knows what to do.",
        "Yesterday I buyed a new cloths.",
        "He is more taller then me",
        "the informations you gave me was wrong",
        "I am looking forward to meet you on Munday",
        "There is many people who thinks so.",
        "If I would have time, I come.",
        "we need to discus about the bugdet",
        "Your welcome to join us if your free.",
        "This dog wagged it's tail and run away",
        "Could of been better, said he.",
        "Everyone were happy with there results.",
        "I did not saw the accomodation jet",
        "Between you and I, this are not good.",
    ),
    "blunt": (
        "Give me the report today.",
        "I don't care what you think.",
        "Your idea makes no sense.",
        "Pay the bill or we will sue.",
        "Why haven't you answered yet?",
        "I can't help you with that.",
        "Stop calling me during lunch.",
        "We will not hire you.",
        "hey, send the numbers over",
        "You forgot the attachment again.",
        "This plan is nonsense and far too expensive.",
        "Attached please find the documents as per your request.",
        "gonna be late, start without me",
        "Notice is given that the premises will be shut.",
    ),
}
