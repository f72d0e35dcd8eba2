"""How people ask for texts of theirs to be shortened, translated, read out or sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
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
put this {document} in a nutshell
{passage}
sum the following up: {passage}
give me the highlights of this {document}
produce a short version of the text
{passage}
extract the gist of this {document}
{passage}
reduce the {document} to {m} sentences
{passage}
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
run entity extraction on the text below
{passage}
make a list of the {field} mentioned here
{passage}
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
