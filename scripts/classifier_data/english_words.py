"""How people ask for texts to be written, and for texts of theirs to be shortened, translated, read out or sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
    "long_form": """
write an email to {person} <about|asking for|explaining> {matter}
write a <formal|short|friendly|polite|follow-up> <email|letter|message> to {person}
write a cover letter for a <marketing manager|software developer|nurse|teacher> position at {company}
write an essay <about|on> {topic}
write a {n}-word <essay|article|blog post|report> on {topic}
write a blog post about {topic} for {person}
write an article on <how {topic} changed the world|the future of {topic}|why {topic} matters>
write a product description for <a lamp|running shoes|a coffee machine|noise-cancelling headphones>
write a press release <about {matter}|for {company}>
write a LinkedIn post about {matter}
write a speech for <the graduation|a retirement party|our anniversary>
write a report on {topic} with <an introduction and a conclusion|sections and sources|recommendations>
write a job description for a <data analyst|cook|product manager>
write a review of <a restaurant|the new phone|this hotel>
write a business proposal for {company}
write a privacy policy for {company}
write a letter of <recommendation|complaint|resignation|intent>
write a thank you note to {person}
write documentation for <our onboarding process|the new feature|employees>
write an FAQ for {company}
write a short text about {topic} for our <website|brochure|newsletter|magazine>
draft an email to {person} <about|regarding> {matter}
draft a reply to <my landlord|the following email>\\n\\n{passage}
draft a <contract|policy|memo|statement|proposal|newsletter> about {matter}
draft a <tweet|post|caption> announcing {matter}
compose a <message|letter|statement> to {person} about {matter}
prepare a <presentation|talk|lecture> on {topic} of {m} minutes
reply to this <email|review|message> <politely|in a friendly tone|on behalf of {company}>:\\n{passage}
respond to the customer below and apologise\\n{passage}
create a <newsletter|brochure text|user guide|handbook chapter> about {topic}
rewrite this <email|paragraph|letter|text> in a <more formal|friendlier|more confident> tone\\n{passage}
rephrase this so that it sounds <professional|polite|natural>:\\n{passage}
proofread and improve this <email|essay|paragraph>\\n{passage}
expand these notes into a full <article|report|proposal>\\n{passage}
turn these <notes|bullet points> into a <blog post|speech|report|letter>\\n{passage}
make an argument <for|against> {topic} in {m} paragraphs
help me write a <bio|personal statement|eulogy|cover letter|complaint>
compose an essay on {topic}
put together a <newsletter|handout|brochure> on {topic}
produce a {n}-word piece about {topic}
phrase a polite reminder to {person} about {matter}
turn these thoughts into a proper <letter|post|statement>: {passage}
""",
    "creative": """
write a poem about <a {noun}|{topic}|{noun} and {noun}>
write a <haiku|limerick|sonnet|ballad|rhyme|song|rap> about {noun}
write a short story about a {noun} who <lost|found|fell in love with> a {noun}
write a <fairy tale|bedtime story|ghost story|fable|science fiction story|fantasy story|love story> about a {noun}
write the <opening|first|last> <paragraph|chapter|scene> of a <noir|fantasy|romance|horror> novel set in {place}
write a dialogue between a {noun} and a {noun}
write a <funny|dark|sad> monologue for a {noun}
write song lyrics about {noun}
write a screenplay scene in which a {noun} <meets|betrays|rescues> a {noun}
write a parody of <a news report|a fairy tale|an advert> about {topic}
write a story in which {human} discovers a {noun}
write a joke about {topic}
tell me a <story|bedtime story|fairy tale> about a {noun}
tell me a joke <about {noun}|about {topic}|>
compose a <poem|song|lullaby|limerick> for {person}
make up a <story|legend|riddle|language|world> about a {noun}
invent a <character|planet|superhero|creature|myth|holiday> and describe it
come up with <names|a name> for <my band|a fantasy kingdom|my {noun} character|a cocktail|a podcast>
come up with <slogans|taglines|a catchy slogan> for {company}
brainstorm <names|titles|ideas> for a <novel|band|board game|film> about {noun}
give me <ten|five|some> <jokes|riddles|tongue twisters> about {noun}
give me a <plot twist|villain|character idea|writing prompt> for my {noun} story
give me creative <nicknames|names> for a {noun}
imagine a world <without {noun}s|where a {noun} rules>, and describe a day in it
imagine you are a {noun} and write your diary
describe a {noun} in the style of <Hemingway|Poe|Dr. Seuss|a medieval chronicle>
act as a <vampire|medieval bard|dungeon master> and <describe your day|start an adventure>
pretend you are a {noun} and complain about {topic}
continue this story: {passage}
continue the tale\\n\\n{passage}
rewrite this as a <poem|fairy tale|rap|Shakespearean scene>\\n{passage}
turn this into a <poem|song|story>: {passage}
design a <magic system|fictional religion|quest> for my fantasy world
dream up a {noun} who lives in {place}
put together a rhyme about {noun}
play the part of a {noun} and talk to me
spin a yarn about a {noun} and a {noun}
compose a <verse|ballad|sonnet> on {noun}s
""",
    "summarization": """
summarize this {document}
summarize the following {document}:\\n\\n{passage}
summarise the text below in {m} <sentences|bullet points|words>\\n{passage}
summarize in one sentence: {passage}
summarize the main points of this {document}\\n\\n{passage}
summarize our conversation so far
summarize this for {person}:\\n{passage}
give me a summary of this {document}
give me a <brief|short|one-paragraph|three-line> summary\\n\\n{passage}
give me the <gist|key takeaways|main points|highlights|short version|tl;dr> of this {document}\\n{passage}
write a summary of the {document}\\n\\n{passage}
write an <abstract|executive summary|tl;dr|synopsis> of the following {document}\\n{passage}
write a <one-sentence|two-line> summary of this\\n{passage}
condense this {document} <to half its length|into one paragraph|into {m} bullet points>\\n{passage}
condense the text\\n{passage}
shorten this {document} <but keep the numbers|to {n} words|>\\n{passage}
boil this {document} down to the <decisions|essentials|main point>\\n{passage}
compress the following passages, keep only what matters for the question\\n{passage} {passage}
list the key points of the {document}\\n{passage}
tl;dr {passage}
outline the <main arguments|key findings> of this {document}\\n{passage}
recap the <meeting|call|thread|chapter>\\n{passage}
sum up this {document} <in plain words|for a newsletter|>\\n{passage}
create a <digest|summary|abstract> of these {document}s
explain in two sentences what this {document} says\\n{passage}
put this {document} in a nutshell\n{passage}
sum the following up: {passage}
give me the highlights of this {document}
produce a short version of the text\n{passage}
extract the gist of this {document}\n{passage}
reduce the {document} to {m} sentences\n{passage}
""",
    "translation": """
translate this to {tongue}: {everyday}
translate to {tongue}: {passage}
translate the following {document} into {tongue}\\n\\n{passage}
translate "{everyday}" into {tongue}
translate from {tongue} to {tongue}: {everyday}
translate this {document} into {tongue}
translate it <into|to> {tongue} <and keep the formatting|>
translate this sentence into {tongue}: {everyday}
translate everything below from {tongue} into {tongue}\\n{passage}
give me the {tongue} translation of "{everyday}"
give me the {tongue} word for {noun}
say "{everyday}" in {tongue}
put this <into|in> {tongue}: {everyday}
put the following into {tongue}\\n\\n{passage}
render this in {tongue}: {passage}
tell me how to say {everyday} in {tongue}
write this in {tongue}: {everyday}
localize this {document} for {tongue} readers\\n{passage}
provide a {tongue} translation\\n{passage}
turn this into {tongue}: {everyday}
give this in {tongue}: {passage}
change the language of this {document} to {tongue}
interpret the following for a {tongue} speaker: {everyday}
""",
    "extraction": """
extract <all|the> {field} from <this|the following> {document}\\n\\n{passage}
extract the {field}:\\n{passage}
extract {field} and {field} from the text below as JSON\\n{passage}
extract every {fieldone} mentioned in this {document}
extract structured data from this {document}\\n{passage}
list all <the|> {field} in the {document}\\n\\n{passage}
list the {field} that appear in the text\\n{passage}
find all {field} in this {document}\\n{passage}
find the {field} in the text: {passage}
get the {field} out of this {document}\\n{passage}
get me all {field} from the {document} below
pull <out|> the {field} from this {document}\\n{passage}
identify the {field} and {field} in the following text\\n{passage}
identify all named entities in: {passage}
return the {field} and {field} as <JSON|CSV|a table|YAML>\\n{passage}
return a JSON object with keys "name", "date" and "amount" for this {document}\\n{passage}
parse this {document} into <JSON|fields|a table>\\n{passage}
parse the {field} from the following {document}\\n{passage}
convert this {document} into structured JSON with {field}, {field}\\n{passage}
turn this {document} into <JSON|a table of {field}>\\n{passage}
fill this schema from the text: {"name": ..., "date": ...}\\n{passage}
collect every {fieldone} that appears in the {document}
give me just the {field} from this {document}\\n{passage}
copy out the sentences that mention {field}\\n{passage}
scan the {document} for {field} and list them
get the key fields out of this <form|invoice|letter>
perform named entity recognition on this {document}
run entity extraction on the text below\n{passage}
make a list of the {field} mentioned here\n{passage}
note down every {fieldone} in this {document}
""",
    "classification": """
classify this {document} as {labels}\\n{passage}
classify the following {document}s by <topic|sentiment|urgency|intent>\\n{passage}\\n{passage}
classify the sentiment of this <review|tweet|comment>: {passage}
classify the text into one of these categories: {labels}\\n\\n{passage}
classify the intent of the message: {passage}
categorize this {document} as {labels}
categorize each <transaction|email|ticket|comment> below as {labels}\\n{passage}
label this {document} as {labels}\\n{passage}
label each sentence {labels}
tag this <ticket|article|message> with one of: {labels}\\n{passage}
sort these <headlines|emails|reviews|comments> into {labels}\\n{passage}
assign one of the labels {labels} to the text\\n{passage}
assign a category to this {document}\\n{passage}
decide whether this {document} is {labels}\\n{passage}
decide if the following is <spam|toxic|relevant|sarcastic|phishing>: {passage}
determine the <sentiment|tone|topic|language|genre|intent> of this {document}\\n{passage}
detect the <sentiment|language|emotion|tone> of this text: {passage}
rate the <sentiment|relevance|urgency|toxicity> of this {document} from 1 to 5\\n{passage}
rate the relevance of the document to the query: {labels}
grade whether the answer is supported by the document, reply yes or no\\nDocument: {passage}\\nAnswer: {passage}
score this {document} for <relevance|politeness|helpfulness> on a scale of 1 to 10\\n{passage}
tell me whether this {document} is {labels}: {passage}
choose the right category for this message, {labels}:\\n{passage}
answer with one word, {labels}: {passage}
route this <ticket|request|email> to sales, support or billing\\n{passage}
judge if the statement is {labels}: {passage}
flag this comment as {labels}\\n{passage}
tag the following <articles|emails|tickets> by <topic|priority>
categorise these <expenses|tickets|comments> by <type|topic|team>
say whether this <review|mail> sounds <angry or calm|positive or negative>: {passage}
""",
}

SAID: Final[Mapping[str, str]] = {
    "long_form": """
I need an email to {person} about {matter}
I need {n} words on {topic} for {person}
I need a cover letter for {company}
I have to write an essay about {topic}, please do it for me
how do I word a message to {person} about {matter}?
my boss wants a report on {topic}. Write it.
email to {person}: {matter}
blog post: {topic}
{n} word article about {topic}
What should I write to {person} about {matter}? Draft it.
How would you phrase this email better?\\n{passage}
Looking for a nice text for a <birthday card|wedding invitation|condolence card>
Essay topic: {topic}. Length: {n} words.
""",
    "creative": """
once upon a time there was a {noun}
story about a {noun} and a {noun}
poem about {noun} in the style of <Rilke|Emily Dickinson|a pop song>
haiku, {noun}
I want a <funny|sad|romantic> <poem|rhyme|story> for {person} about {noun}
I need a <name|slogan|plot|poem> for <a {noun}|my novel|a card game>
you are a {noun} in a fantasy tavern. Greet the traveller.
You're a dungeon master. I enter the {noun}'s cave. What happens?
Let's write a story together. It begins with a {noun}.
what would a {noun} say to a {noun}? make it funny
what if a {noun} could talk? Write the scene.
what's a good name for a <pet {noun}|fantasy hero|spaceship>?
know any good jokes about {noun}?
""",
    "summarization": """
tl;dr
tldr please\\n{passage}
what are the key points of this {document}?\\n\\n{passage}
what is this {document} about?\\n{passage}
what are the main takeaways from the following {document}?\\n{passage}
What does this {document} say in short?\\n{passage}
can I get the short version of this {document}?
Here is a {document}:\\n{passage} {passage}\\nSummarize it.
{passage} {passage}\\n\\nSummary:
{passage}\\n\\nSummarize the above <in {m} bullets|in one sentence|for {person}|>.
{passage}\\n{passage}\\n{passage}\\n\\nTL;DR
I don't have time to read this {document}, what matters?\\n{passage}
In a nutshell, what is the {document} saying?
Summary of the {document} in {m} bullet points
""",
    "translation": """
how do you say "{everyday}" in {tongue}?
how do I say {everyday} in {tongue}
what is "{everyday}" in {tongue}?
what's the {tongue} word for {noun}?
what does "{everyday}" mean in English?
what is the {tongue} for "{everyday}"
{tongue} to {tongue}: {everyday}
{tongue} to {tongue} please: "{passage}"
English to {tongue}: {passage}
{everyday} in {tongue}
in {tongue} please: {passage}
{passage}\\n\\nTranslate into {tongue}.
{passage}\\n\\n{tongue} translation please
I need this {document} in {tongue}
I need a {tongue} version of this:\\n{passage}
""",
    "extraction": """
{passage}\\n\\nExtract the {field}.
{passage}\\n\\nList all {field}.
{passage}\\n\\nReturn {field} as JSON.
Text: {passage}\\nReturn: {"name": "...", "date": "..."}
which {field} are mentioned in this {document}?\\n{passage}
what {field} does the {document} contain?\\n{passage}
what are the {field} in this {document}?\\n{passage}
who is mentioned in the {document}, and with what {field}?\\n{passage}
From the {document} below, I need the {field} and {field}.\\n{passage}
I need all {field} from these {document}s
from the message, return {"city": ..., "price": ...}\\n{passage}
""",
    "classification": """
is this {document} {labels}?\\n{passage}
is this <review|comment|tweet> {labels}: {passage}
is this spam? {passage}
Is the following <statement|message|sentence> {labels}?\\n{passage}
which category does this {document} belong to: {labels}?\\n{passage}
which <team|department|label> should this ticket get: {labels}?\\n{passage}
what is the sentiment of this {document}?\\n{passage}
what is the sentiment: {passage}
what kind of {document} is this, {labels}?
{passage}\\n\\n{labels}?
{passage}\\nSentiment:
{passage}\\n\\nClassify: {labels}.
{passage}\\nLabel:
Review: {passage}\\nSentiment (positive/negative):
Document: {passage}\\nQuery: {topic}\\nRelevant? Answer yes or no.
Is the document relevant to the question? Reply 'yes' or 'no'.\\nDocument: {passage}\\nQuestion: what about {topic}?
how would you label this, {labels}? "{passage}"
Are these two sentences <a paraphrase|a contradiction>? "{passage}" and "{passage}"
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "matter": (
        "a delayed delivery",
        "my salary",
        "the new office hours",
        "a refund",
        "our product launch",
        "taking a week off",
        "a broken heater",
        "the project status",
        "an unpaid invoice",
        "a job offer",
        "a missed meeting",
        "the annual party",
        "our new partnership",
        "a price increase",
        "moving the deadline",
        "an internship",
        "a noise complaint",
        "feedback on the report",
        "a promotion",
        "the parking situation",
    ),
    "fieldone": (
        "name",
        "date",
        "URL",
        "email address",
        "number",
        "price",
        "company",
        "city",
        "product",
        "person",
        "error code",
        "phone number",
        "citation",
    ),
}
