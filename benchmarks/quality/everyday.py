"""Everyday prompts of kinds that a gateway of a business sees, with what may be said of each; written by hand before the phrasings.

No phrasing was made for them; which of several trainings was kept was decided with their counts, too.

A line is `wanted | prompt`: the tasks or groups that are right, `-` where none is. To abstain is never surely wrong.
"""

# ruff: noqa: E501 - a prompt is a line, however long

from __future__ import annotations

from typing import Final, NamedTuple

from taskroute.taxonomy import TASK_GROUPS, TASKS


class Everyday(NamedTuple):
    """One prompt with what may be said of it."""

    kind: str
    text: str
    wanted: frozenset[str]
    """Tasks and groups that are right; none where only abstaining is."""
    system: str = ""


_LINES: Final = {
    "customer service": r"""
chat | My card was debited twice
chat | How do I cancel my subscription?
chat | I was overcharged on my last bill and nobody picks up the phone
chat | Where's the parcel I ordered on Monday?
chat | The tracking page says delivered but there is nothing at my door
chat | I'd like to send these boots back, they are too small
chat | Do you offer a student discount?
chat | My promo code isn't accepted at checkout
chat | I forgot my PIN and now the card is locked
chat | Please close my account and erase my data
chat | I want to speak to a human right now
chat | Your technician never showed up yesterday and I took a day off for it!
chat | Can I change the delivery address after I've paid?
chat | When does the sale end?
chat | The screen arrived with a crack, I want a replacement
chat | How come my direct debit bounced?
chat | Could you tell me whether gift cards expire?
chat | I still haven't received the verification code
chat | This is the third time I'm writing about the broken dishwasher
chat | Upgrade me to the annual plan please
chat | Why did my premium go up this year?
chat | There is a payment on my statement I don't recognise
chat | Is the shop on Park Street open on Sundays?
chat | you guys charged me for roaming even though I never left the country
chat | I can't log in to the app since I changed my phone
chat | Stop sending me newsletters
""",
    "products": r"""
chat | Does this blender come with a spare lid?
chat | Which of your mattresses is best for back pain?
chat | Will the 45 W charger work with my tablet?
chat | Are these trainers true to size?
chat | What's the difference between the Basic and the Plus tariff?
chat | Is the jacket machine washable?
chat | How many users does the team licence cover?
chat | Can the vacuum cleaner handle pet hair?
chat | Is there a vegan option on the menu?
chat | How long does the battery of the X200 last?
""",
    "staff, travel, health, law": r"""
chat | How many days of leave do I have left?
chat | Who approves my travel expenses?
chat | I'd like to request two weeks of parental leave from June
chat | What is our policy on working from abroad?
chat | My payslip for October looks wrong
chat | Can I carry over unused vacation into next year?
chat | The projector in room 4 is broken
chat | I need a new badge, mine got lost
chat | Is my flight to Oslo delayed?
chat | Can I bring a stroller on board?
chat | Do I need a visa for a layover in Dubai?
chat | I missed my connection in Frankfurt, what now?
chat | Cancel my hotel booking for the 12th
chat | What's a nice neighbourhood to stay in Porto?
chat | I have had a sore throat and a fever for three days
chat | Can I take ibuprofen together with antihistamines?
chat | How long is chickenpox contagious?
chat | My knee hurts when I climb stairs
chat | Can my landlord keep the deposit because of a scratch?
chat | Am I entitled to compensation if my train is two hours late?
chat | Do I have to pay taxes on a gift from my parents?
chat | My neighbour's tree is hanging over my fence, may I cut it?
chat | What does force majeure mean in my lease?
chat | book me a dentist appointment for next Tuesday afternoon
chat | remind me to call the plumber at five
""",
    "grammar": r"""
- | Fix the grammar: he go to school
- | Proofread my cover letter
- | Correct the spelling mistakes: I recieved you're mesage yesterday
- | Is this sentence correct? "Me and him was late."
question_answering | Should it be "who" or "whom" in this sentence: the man ___ I met
- | fix typos pls: teh meeting is tommorow at noon
- | Check my essay for punctuation errors
- | Please correct my English: Yesterday I go in cinema with my friends and we was very happy.
- | Find the mistakes in this paragraph: Their going to there house with they're dog.
- | Could you go over this and fix any errors? We has been working on the offer since three week.
- | Make this grammatically correct: she dont know nothing about it
- | can you proofread this mail before I send it: Hi Tom, thx for you quick respons.
question_answering | Does a comma go before "and" here?
- | Improve the wording of this sentence: The thing is that it was being done by us in a bad way.
- | There are some errors in my letter, can you repair them? Dear Sir, I am write to you because of the flat.
- | What's wrong with this sentence? She don't likes coffee.
- | Add the missing commas: However after lunch we met Anna Tom and Lee.
- | change this to past tense: I walk to the park and see a dog
- | Capitalise the headings in this document properly
""",
    "tone": r"""
long_form | Make this sound more polite: Send me the file now.
long_form | Rewrite this so it doesn't sound angry: You never answer my mails and I'm sick of it.
long_form | Can you make my message friendlier? We cannot accept your application.
long_form | Put this in a more professional way: this price is a joke
long_form | Tone it down a bit: This is the worst service I have ever seen!
long_form | less formal please: We hereby inform you that your order has been dispatched.
long_form | say this more diplomatically: your work is late again
long_form summarization | Make this clearer and easier to read: Pursuant to the aforementioned clause the lessee shall be obliged to vacate.
long_form | How can I say "you are wrong" politely in a meeting?
long_form | Reword: I think maybe we could possibly meet at some point.
""",
    "mails": r"""
long_form | Answer this customer: "Where is my refund? I have been waiting for a month."
long_form | Reply that I can't make it on Friday but Monday works
long_form | Tell the supplier we accept the offer, keep it friendly
long_form | write back to Jane that the invoice has been paid
long_form | Please decline this meeting invitation nicely
long_form | I need a short note to tell my team I'm off sick today
long_form | Draft an out-of-office message for the holidays
long_form | Write a reminder to a client whose payment is overdue
long_form | How should I respond to this? "We regret that your proposal was not selected."
long_form | A reply to a bad review of our restaurant: the waiter was rude and the soup was cold
""",
    "data entry": r"""
extraction | Put these contacts into a table: Ann Lee 555-0134, Bob Ray 555-0178
extraction | Add a row for Mia Koch, mia@koch.example, Hamburg, gold member
extraction | From this receipt fill in vendor, date and total: Cafe Luna 03/05/24 12.80
extraction | Format these phone numbers the same way: 0171/1234567, +49 171 7654321
extraction | Split the full names into first name and last name: John Smith, Eva Braun-Meyer
extraction data_analysis | Sort this list alphabetically: pears, apples, kiwis, figs
extraction | Turn this address into separate fields: 4 Hill Road, Leeds LS1 4AB, UK
extraction classification | Remove the duplicates from this list: tea, milk, tea, sugar, milk
extraction | Copy the order number and the customer's name out of this message: Hi, this is Paul Dean, order 88213 never came.
extraction | Make a CSV out of this: Monday 5 visitors, Tuesday 9 visitors
""",
    "small talk": r"""
conversation | Hiya!
conversation | how's your morning going
conversation | You've been super helpful, cheers
conversation | I'm feeling a bit down today
conversation | my kids won't go to bed, send help
conversation | that made me laugh
conversation | Anything new?
conversation | I think I'm in love with my best friend
conversation | ugh mondays
conversation | Can I ask you something?
conversation | I have a question
chat | What can you help me with?
conversation | good luck with that
conversation | I burnt dinner again
chat | Any plans for the weekend?
chat | should I text my ex?
""",
    "other things": r"""
math | Split a 94 euro bill between four friends, with a 10 % tip
creative | Make up a funny name for our new coffee machine
creative | A birthday wish for my colleague Lara that rhymes
translation | How would a French waiter say "the bill is on the house"?
summarization | Shorten this to one line: The store will be closed on Tuesday because of stocktaking, and it opens again on Wednesday at nine.
classification | Is this customer angry or just asking? "I wonder when the new model will be out."
multi_step | Plan my week: gym three times, a report due on Thursday, and a dentist appointment
data_analysis | Tips per shift: 40, 55, 12, 61. Which one is unusual?
""",
    "beside code": r"""
debugging | Fix the syntax in this script: for i in range(5) print(i)
debugging | correct the error in my function, it returns None: def f(x): x + 1
debugging | There's a mistake in my loop: while i < 10: print(i)
debugging | What's wrong with this query? SELECT name users FROM
debugging | Our login endpoint answers with a 502 since the deploy
debugging | My unit tests fail after the last merge
debugging | pip install stops with "could not build wheels"
code_editing | Correct the formatting of this Python file to match PEP 8
code_editing | rename the method getData to loadData in this class
""",
    "German, French, Spanish": r"""
chat | Meine Karte wurde doppelt belastet
chat | Wie kann ich mein Abo kündigen?
chat | Wo bleibt meine Bestellung?
chat | Ich habe mein Passwort vergessen
- | Korrigiere die Grammatik: Er gehen in die Schule
- | Bitte auf Rechtschreibfehler prüfen: Ich habe das Packet gestern bekomen.
long_form | Formuliere das höflicher: Schicken Sie mir endlich das Geld.
chat | Darf ich den Urlaub ins nächste Jahr mitnehmen?
chat | Der Drucker im dritten Stock ist kaputt
debugging | Korrigiere den Fehler in dieser Funktion: def f(x) return x
chat | On m'a prélevé deux fois
chat | Comment résilier mon abonnement ?
chat | Mon colis n'est jamais arrivé
chat | Puis-je échanger cet article contre une autre taille ?
- | Corrige les fautes : je suis aller au marché hier et j'ai acheter des pomme
- | Relis ma lettre de motivation
long_form | Reformule cette phrase de façon plus polie : Donnez-moi une réponse.
chat | Ai-je droit à un remboursement si le vol est annulé ?
chat | Me han cobrado dos veces
chat | ¿Cómo cancelo mi suscripción?
chat | Mi pedido llegó roto
chat | No puedo entrar en mi cuenta
- | Corrige la ortografía: oy e hido a la escuela
- | Revisa mi carta de presentación
long_form | Hazlo más formal: oye, mándame eso ya
chat | ¿Puedo devolver el producto sin el tique?
""",
}

_SYSTEMS: Final = (
    ("You are a helpful SQL assistant", "hi", "conversation"),
    ("You are a helpful SQL assistant", "thanks a lot!", "conversation"),
    ("You are a senior Python developer.", "hello there", "conversation"),
    ("You are a senior Python developer.", "what time do you close?", "chat"),
    ("You are a translation bot.", "are you there?", "conversation"),
    ("You are a maths tutor for teenagers.", "I'm tired", "conversation"),
    ("You are Ava, the friendly assistant of a mobile carrier.", "my bill is too high", "chat"),
    ("You are Ava, the friendly assistant of a mobile carrier.", "no signal since this morning", "chat"),
    ("You are a support agent of an online shop. Be brief and polite.", "wrong colour, want my money back", "chat"),
    ("You help employees with questions about HR.", "maternity leave", "chat"),
    ("You are a pirate. Always answer like one.", "what's the weather like?", "chat"),
    ("You are an expert copywriter.", "hey", "conversation"),
    ("Answer in JSON.", "who are you?", "chat"),
    ("You are a code review bot.", "good morning team", "conversation"),
    ("You are a SQL assistant.", "is anybody there", "conversation"),
    ("You are a data analyst.", "lol", "conversation"),
    ("Fix bugs in the code that the user pastes.", "bye", "conversation"),
    ("You write poems.", "my package is late", "chat"),
    ("You are a helpful SQL assistant", "top ten customers by revenue", "code data_analysis"),
    ("Fix the grammar of what the user writes. Answer with the corrected text alone.", "he go to school by bus", "-"),
)
"""System text, message, what may be said of the message after it."""


def _wanted(names: str) -> frozenset[str]:
    """Return the tasks and groups that count as right: of a group each of its tasks, of a task its group."""
    named = set(names.split()) - {"-"}
    inside = {task for name in named for task in TASK_GROUPS.get(name, ())}
    return frozenset(named | inside | {TASKS[name] for name in named if name in TASKS})


def _read(kind: str, line: str) -> Everyday:
    wanted, _, text = line.partition(" | ")
    return Everyday(kind, text, _wanted(wanted))


EVERYDAY: Final = (
    *(_read(kind, line) for kind, lines in _LINES.items() for line in lines.strip().splitlines()),
    *(Everyday("odd system texts", text, _wanted(wanted), system) for system, text, wanted in _SYSTEMS),
)
