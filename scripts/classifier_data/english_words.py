"""How people ask for texts to be written."""

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
improve the style of this <email|essay|paragraph>\\n{passage}
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
}
