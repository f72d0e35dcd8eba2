"""What people write to shops, banks, offices and doctors, in English, and what is close to it and asks for something."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.nothing import NOTHING
from classifier_data.subjects import split

SAID: Final[Mapping[str, str]] = {
    NOTHING: r"""
you <took|charged|billed> me <twice|two times|too much|{n} euros too much|again> for {goods}
I <paid|have been charged|was billed> <twice|double> for <the same {goods}|one {goods}|{goods}>
{money} was <taken|withdrawn|deducted> <twice|from my account without asking|before the trial ended>
my {account} <is|has been> <locked|blocked|suspended|hacked|closed|deactivated>
my {account} <shows|has> <the wrong amount|a charge I never made|somebody else's name|a negative balance>
my <payment|transfer|deposit> <was declined|never went through|is still pending|got stuck>
the {goods} I <bought|ordered|received> <is|was> <broken|damaged|the wrong size|the wrong colour|not what I ordered|dead on arrival|scratched|leaking>
my {goods} <stopped working|broke|fell apart|won't turn on|makes a strange noise|came without a manual> after {m} <days|weeks|months>
the {device} <doesn't work|won't start|is broken|is out of order|shows an error light|is offline|keeps beeping|has no power|makes noise|is jammed>
the {device} <on the second floor|in the kitchen|in our office|in the lobby> <needs repair|is not working|has been down all week>
my {order} <hasn't arrived|is late|got lost|was left in the rain|came open|is incomplete|went to the wrong address|is stuck at customs>
it's been {m} <days|weeks> and <still no {order}|no answer from you|nothing has happened|nobody has called me>
I never got my <{order}|refund|money back|voucher|confirmation mail|receipt>
I want <my money back|a refund|to complain|to talk to a manager|compensation|a new one|to cancel|out of the contract>
I want to <cancel|change|upgrade|downgrade|pause|renew|end> my <{plan}|booking|order>
I'd like to <return|exchange|reserve|pick up|order|cancel> <the {goods}|a {goods}|two {goods}s>
I need to <move|cancel|change|reschedule> my <appointment|reservation|flight|delivery|booking> <to {day}|>
I need <a new {goods}|an invoice|a copy of my contract|help with my {account}|my password reset|someone to look at the {device}>
<please|> <cancel|stop|renew|pause> my {plan} <immediately|from next month|at the end of the year|>
<please|> <delete|close|unlock|reactivate|update> my {account}
please <send|resend|mail> me <the invoice|my bill|a new code|the return label|the tracking number>
send me your <newsletter|brochure|catalogue|price list|latest report> <by mail|again|>
I didn't get your <letter|email|report|message|reply|newsletter>
I never asked for your <emails|letters|newsletter|adverts>
this is my <second|third|fifth> <email|message|complaint|call> <about the {goods}|about this|this week>
I have <written|called|complained> <twice|{m} times> and <got no answer|nobody cares|nothing was done>
I <wrote to|called|told> <your support|the hotline|my boss|HR> about <the {goods}|this|my {plan}> <and heard nothing|last week|already>
I <am unhappy|am disappointed|have a problem|need help> with <my {goods}|the {device}|your service|my {plan}|my {order}>
the <driver|clerk|waiter|nurse|courier> <never rang|was late|was rude|left it outside|gave me the wrong {goods}>
<somebody|the person before me> left the {device} <on|open|dirty|without paper>
the {goods} <crashes|freezes|restarts> <all the time|after the update|when I charge it>
you <promised|said|told me> it would <arrive|be fixed|be refunded> <by {day}|within {m} days> <and it hasn't|but no>
I <cancelled|returned|paid for> the {goods} <weeks ago|on {day}|last month> and <you still charge me|have no refund yet|you say I didn't>
my <bill|invoice|rent|fee> <went up|doubled|is higher than usual|is wrong> <this month|without notice|again>
my <maths test|driving test|blood test|evening class|yoga class> <went badly|was moved|is on {day}|was cancelled>
there are bugs in <the hotel bed|my flour|the garden|our flat>
the <server|barista> <spilled soup on me|brought the wrong dish|forgot our drinks>
I <crashed|dented|scratched> <my car|the rental|my bike> <into a fence|yesterday|on the motorway>
my <screen|window|windscreen|phone> is <cracked|shattered>
there <was|is> an error <in my bill|on the invoice|with the seating|in the booking|in my contract>
the <branch|function room|host|stage> <was closed|was double booked|never greeted us>
take me off your <list|mailing list|database>
put me through to <support|a real person|an agent|billing|the manager>
<call me back|get someone to call me|have somebody ring me> <today|after 5 pm|on {day}|please>
<book|reserve|schedule> <a table|a room|a haircut|an appointment|a taxi|a flight to {place}|a check-up> for <two|{day}|tonight|the weekend|next month>
set <an alarm|a timer|a reminder> for <ten minutes|six in the morning|{day}>
<turn on|turn off|dim> the <lights|heating|radio> <in the bedroom|>
add <milk|eggs|batteries> to <my shopping list|the list>
remind me <about the meeting|to buy flowers|to pay the rent> <on {day}|tomorrow|>
<transfer|send> {n} <dollars|euros> <to my savings|to my brother|from checking to savings>
<worst|terrible|awful|poor> <service|support|experience> <ever|I have ever had|again>
<nobody|no one> <answers|helps me|calls back|cares|knows anything> at your <hotline|company|branch|office>
your <website|app|shop|driver|colleague|agent> <is useless|was rude|was very unfriendly|hung up on me|won't let me pay|kept me waiting for an hour>
your <app|site> doesn't let me <pay|sign in|change my address|upload my documents|use my voucher>
I can't <sign in|access my {account}|open the app|change my password|pay with my card|use my voucher|reach anybody>
I <forgot|lost|can't find> my <password|user name|customer number|card|keys|badge|ticket|PIN>
someone <used|stole|copied> my <card|identity|{account}|phone>
{place} to {place} on {day}, two adults
my <flight|train|bus> <was cancelled|is delayed by {m} hours|left without me>
my <luggage|suitcase|bag> <didn't arrive|is missing|was damaged on the flight to {place}>
the <hotel|room|car> <was dirty|was not as advertised|was given to someone else|smelled of smoke>
I <called in sick|worked overtime|want to take a day off|would like to apply for leave> <on {day}|last week|this month>
my <salary|pay|bonus|overtime> <is missing|is wrong|was not paid|was less than agreed> <this month|for {month}|>
my {body} <hurts|is swollen|itches|has been sore for {m} days|feels numb>
I have <a cough|a headache|a rash|stomach pain|a fever|back pain|diarrhoea|a toothache> <since {day}|for {m} days|after eating|>
my <son|daughter|baby|husband> has <a fever|a rash|been vomiting since {day}|an earache>
my <landlord|neighbour|employer|insurance|ex> <won't pay|refuses to fix the heating|threatens to sue me|keeps calling me|fired me without notice|broke the contract>
I was <fired|evicted|fined|in an accident|bitten by a dog> <last week|and I don't know what to do|on {day}>
I got a <parking ticket|letter from a lawyer|summons|warning from my boss>
<wrong item|missing parts|late delivery|double charge|no signal|no hot water|parcel lost|bill too high|need a refund|address change|card lost>
order <number|no.|#> {n}{n}, <where is it|please cancel|wrong item|still waiting>
customer number {n}{n}, name {human}, <moving house|new bank account|change of address>
<internet|phone|power|heating> <is down|has been out> <since {day}|again|in the whole building>
<nothing|it> works <here|any more|at all> and I have already <restarted|reset|unplugged> the {device}
You are <the|a|our> <friendly|helpful|polite|> {role} <of {company}|for {company}|>.
You are <a|an> <helpful|expert|senior|experienced|friendly|> {trade} <assistant|bot|expert|>.
You are <Max|Ava|Robo|Clara>, <the assistant of {company}|a {role}>. <Be polite.|Answer briefly.|Keep to the facts.|Never give out prices.>
you help <customers|employees|users|guests> with questions about <{plan}s|{topic}|their {account}|orders>
<be polite|answer in one sentence|answer in English|stay in character|do not use emojis|speak like a pirate|be kind>
""",
    "question_answering": r"""
how <do|can> I <return|exchange|cancel|track|change|insure> <a {goods}|my {order}|an order>?
how <do|can> I <change|renew|end|get out of|pause> my <{plan}|tariff>?
how <do|can> I <reset|change|recover> my <PIN|user name|login|{account} password>?
how can I <contact|reach|call|find> <your support|a branch|the hotline|HR|a doctor>?
how long <does|will> <a refund|delivery|shipping to {place}|the repair|an exchange> take?
how long <is|do I have> <the warranty on the {goods}|the notice period of my {plan}|to return a {goods}>?
how much <is|does> <shipping|an upgrade|a replacement {goods}|the {plan}|an extra bag> <cost|to {place}|>?
how many <sick days|vacation days|bags|devices|guests> <am I allowed|do I get|can I bring|are included>?
do you <ship|deliver> to {place}?
do you <have|sell|stock> <the {goods} in blue|{goods}s for children|spare parts for the {device}|gluten-free bread>?
do you <take|accept> <credit cards|cash|returns without a receipt|old phones|dogs>?
do I need <a visa for {place}|a receipt to return a {goods}|a doctor's note|a deposit|an adapter in {place}>?
do I <have to|need to> <pay for the return|tell my landlord|report this to the insurance|sign the contract>?
does the {goods} <come with a charger|fit a large man|have a warranty|need batteries|work outdoors|run on gas>?
does my {plan} <renew itself|cover accidents abroad|include data in {place}|end automatically>?
is the {goods} <waterproof|available in red|in stock|suitable for children|made of leather|dishwasher safe>?
is there <a fee for changing my booking|a discount for seniors|parking at the hotel|a guarantee on the {goods}|wifi on the train>?
are <pets|children|returns|meals|batteries> <allowed|included|free>?
are you open on <{day}|holidays|public holidays>?
when <do you open|do you close|will the {goods} be back in stock|is the {order} coming|is my next payment due|does my {plan} run out>?
when <do we get paid|is the next bank holiday|does the open enrolment end|are the bonuses paid>?
where <is my {order}|is your nearest shop|do I enter the voucher|can I see my invoices|do I find my customer number>?
where do I <hand in my expenses|send the {goods}|pick up my {order}|report a lost card>?
who <do I ask about my contract|is responsible for payroll|signs off holidays|pays for the return|is in charge of the {device}>?
what <is|are> <your opening hours|the return policy|the fees of the {plan}|my balance|the dress code|the baggage allowance>?
what <happens|do I do> if <I miss a payment|my {order} is lost|I leave the company|I cancel early|my {goods} breaks>?
what documents do I need <to open an {account}|to rent a car|for the visa|to register>?
which {goods} <is better for a beginner|would you recommend|fits a small kitchen|lasts the longest>?
which <plan|tariff|model|size> <is right for me|is the cheapest|should I take|includes roaming>?
which <branch|terminal|port|gate|pool> <is the nearest|is open|does my ferry leave from>?
how do I <kill bugs in the kitchen|catch a mouse|fix a dripping tap|patch a tyre|debone a fish>?
what should I do after <a car crash|failing my driving test|a power cut|a burglary>?
why <do I keep getting|did I get|haven't I got> your <emails|letters|newsletter|bills>?
who <signs|checks|needs> the <expense report|contract|invoice|form>?
why <was I charged {n} euros|is my bill so high|was my card declined|is my {order} late|did my rate change>?
why <can't I sign in|is my {account} blocked|is the {goods} sold out|did you cancel my order>?
can I <pay by instalments|pay in cash|get an invoice|change my seat|bring my dog|return sale items|check in early|still cancel my {plan}>?
can I <work from {place}|take unpaid leave|carry over my holidays|swap my shift|claim my train ticket>?
can I take <{drug}|{drug} with alcohol|{drug} during pregnancy|{drug} and {drug}>?
can my <employer|landlord|bank|neighbour> <read my mails|raise the rent|fire me while I am ill|enter my flat|refuse a refund>?
is it <normal|dangerous|bad> if my {body} <hurts|tingles|swells> <after running|at night|in the morning>?
is {drug} safe for <children|pregnant women|my dog|people with asthma>?
what <are the side effects of {drug}|helps against a cough|should I eat with the flu|is a normal blood pressure>?
how often should I <take {drug}|see a dentist|change the oil|service the {device}>?
am I <allowed|entitled|required> to <a refund|record a call|a break after six hours|a written contract|work on Sundays>?
what are my rights <as a tenant|if my train is late|when the {goods} is faulty|when I am dismissed>?
what does <a notice period|liability|a deductible|power of attorney|an escrow account|net 30> mean?
what is a good <restaurant near the station|area to stay in {place}|gift for a colleague|time to go to {place}>?
what's the <weather|traffic|exchange rate|best way to get around> in {place}?
""",
    "conversation": r"""
hi <all|you|again|folks>
heya
hey you
hello, anyone there?
are you still there?
may I ask a question?
I need some help
can you help me?
what can I ask you?
you have been <great|really kind|a big help>
that was <fun|quick|easy>, thank you
I feel <awful|blue|great|so proud|homesick> <today|right now|lately|>
my <daughter|roommate|cat|mother-in-law> <keeps me awake|drives me mad|made me laugh|ate my {noun}>
I <spilled coffee on my shirt|overslept again|ruined the cake|missed the bus this morning|ran my first race>
I think I <like|fancy|am falling for> <someone at work|my neighbour|him>
<ugh|phew|yay|oh well|argh>, <what a week|finally friday|it's so cold|I'm done for today>
what are you up to <today|this weekend|tonight>?
do you have plans for <tonight|the holidays>?
how's <life|everything|your day so far|it going over there>?
should I <call him|forgive her|cut my hair|wear the red dress>?
that's <hilarious|sweet|a pity|awesome|so true>
haha, nice one
fingers crossed
all the best
bye bye
ttyl
""",
    "extraction": r"""
<|please |can you |could you please ><make|create> a <table|CSV|spreadsheet|JSON list> <out of|from> <these|the following> <contacts|orders|numbers|notes>: {records}
<|please |can you |could you please >put <these|the following> <contacts|orders|entries|readings> <into|in> a <table|CSV|spreadsheet>: {records}
<add|enter|append> <this|a new> <row|entry|record|contact|customer>: {record}
<enter|type|fill> <this|the following> into the <form|sheet|table|system>: {record}
fill in <name, phone and city|date, shop and sum|company, contact and mail> from this: {record}
<|please |can you |could you please >split <this|these> <into first and last name|into street, number and city|into columns>: {records}
bring <these dates|these phone numbers|these addresses> into the same format: {records}
turn this <address|signature|business card|receipt> into <fields|a record|JSON>: {record}
take the <name|date|amount|order number> and the <address|phone number|product> out of this: {passage}
separate <the values|name and mail> with <commas|semicolons|tabs>: {records}
normalise the <names|phone numbers|dates>: {records}
""",
    "math": r"""
how many {item} <do we need|are left|are sold|can I buy> <in {n} days at {m} a day|after {m} weeks|for {n} euros at {m} each>?
if <a shop|a baker|we> <sells|makes|uses> {m} {item} <a day|an hour|each>, how many is that <in {n} days|for {n} people>?
what does each pay when {m} <friends|people> share a bill of {n} <euros|dollars>?
is {n} <divisible by {m}|odd|even|a square number>?
""",
}
"""Requests that stand as they are, by task."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "goods": split(
        "coat; kettle; laptop; phone case; sofa; lamp; toaster; bicycle; pair of jeans; monitor; watch; tent; suitcase; drill; stroller; printer cartridge; dress; camera; headset; rug"
    ),
    "device": split(
        "coffee machine; printer; elevator; router; scanner; air conditioning; washing machine; door lock; copier; oven; thermostat; TV; ticket machine"
    ),
    "order": ("order", "package", "delivery", "shipment", "letter", "replacement", "grocery order"),
    "plan": split(
        "phone contract; gym membership; insurance; magazine; streaming plan; energy contract; car lease; membership; broadband; travel pass; policy"
    ),
    "account": (
        "account",
        "bank account",
        "customer account",
        "savings account",
        "user account",
        "credit card",
        "online banking",
        "profile",
    ),
    "money": ("my rent", "the monthly fee", "the full amount", "the deposit", "40 dollars", "the insurance premium"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the 3rd", "next week"),
    "month": ("January", "March", "May", "August", "September", "December"),
    "body": ("back", "left arm", "stomach", "ear", "ankle", "shoulder", "eye", "tooth", "neck", "hip"),
    "drug": ("aspirin", "paracetamol", "antibiotics", "vitamin D", "cough syrup", "melatonin", "my blood pressure pills", "iron tablets"),
    "role": split(
        "support agent; customer service assistant; booking assistant; chatbot; HR assistant; virtual receptionist; shopping assistant; help desk; concierge; companion"
    ),
    "trade": split(
        "SQL; Python; coding; maths; legal; medical; marketing; travel; data; finance; writing; translation; cooking; DevOps; JavaScript; fitness; poetry; copywriting; tax"
    ),
    "records": (
        "Jane Roe 020 7946, Max Frey 030 8837",
        "May 3: 12 crates; May 4: 9 crates; May 6: 15 crates",
        "Lena Vogt, Bern; Omar Said, Lyon; Kim Park, Busan",
        "12/03/24, 4 April 2024, 2024-05-06",
        "3x pens 4.50, 1x stapler 12.00, 2x folders 3.20",
        "(030) 123 45, +44 20 555 01, 0049-89-1234",
    ),
    "record": (
        "Tina Holm, tina@holm.example, Malmo, new customer",
        "Bakery Ruiz, 14 June, 8.40 EUR, paid in cash",
        "17 Mill Lane, York YO1 7HH",
        "Ivo Bauer, Head of Sales, Kranich AG, +41 44 555 12 12",
        "Invoice 771, 3 desks, 640 EUR, due on 1 July",
    ),
}
