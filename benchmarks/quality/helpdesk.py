"""What a help desk is asked about devices, apps and log-ins, beside requests to debug code and servers in words as plain.

    python -m benchmarks.quality.helpdesk

All were written by hand before the phrasings that teach the difference, and none of them is learned from. A text to the help desk is told
wrong where it is taken for anything but talk or a question. A request to debug is told right as `debugging` or `code`. The last table says
what a task `support` of one's own mends, by how it is described.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from benchmarks.quality.classifier import decision
from taskroute import Call, Router
from taskroute.learned.builtin import BuiltinClassifier
from taskroute.ports import Classifier
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.taxonomy import TASK_GROUPS

HELPDESK: Final = {
    "devices": """
My inkjet only prints streaks of pink since I swapped the cartridge
The scanner in accounting says "cover open" but it is shut, how do I fix it?
Laptop won't charge past 60 percent, any idea why?
Why does my phone keep restarting on its own?
The second monitor stays black after I plug it in
bluetooth headphones disconnect every few minutes, please help
My keyboard types the wrong letters, what's the problem?
The tablet froze during the update and now shows a logo forever
How do I get rid of the paper jam error on the office printer?
projector keeps switching itself off after ten minutes
My smart watch stopped counting steps after the latest update
Error E14 on my coffee maker, what does it mean?
The card reader at till 3 crashes whenever somebody pays by phone
My mouse pointer jumps around, can you fix that?
""",
    "apps": """
The banking app closes as soon as I open it
Your app crashes every time I try to upload a photo of my receipt
Excel hangs when I open the budget file, can someone help?
Outlook isn't sending my mails, they all stay in the outbox
The video call app says no camera found
Why do my podcasts stop playing when the screen goes dark?
I can't update the parking app, it fails every time
Zoom has no sound on my side but everybody else is fine
the calendar shows all meetings one hour late, how can I fix this
My maps app is stuck on an old address
The loyalty app says something went wrong, try again later
Since yesterday's update the weather widget shows an error
Teams keeps kicking me out of the meeting, what should I do?
I get a white screen in the ticket app, please fix it
""",
    "log-ins": """
It tells me my user name is unknown although I have used it for years
The password reset link has expired, what now?
I'm locked out of my mailbox after three wrong attempts
My two-step code arrives too late every single time
VPN rejects my password on the new laptop
Why does the portal log me out after a minute?
the sign-in page just reloads when I press the button
My fingerprint isn't recognised any more
Access denied when I open the shared folder of my team
Captcha doesn't load so I can't create an account
I typed the code from the text message and it says invalid
The HR portal shows error 403 when I look at my payslip, whom do I call?
""",
    "home": """
Our heating shows fault F28 and stays cold
How do I fix a toilet that keeps running?
The wifi is slow upstairs, how can I solve this?
My router blinks red and there is no internet
The dishwasher stops in the middle of the programme, why?
The fridge makes a humming noise and does not cool
smart bulb won't connect to the speaker
Why does the fuse blow each time I run the dryer?
The garage door opens by itself at night, what's wrong with it?
TV says no signal on HDMI 2
how to debug my boiler, it leaks under pressure
""",
    "car": """
The engine light came on after I refuelled, is that bad?
My car won't start when it is cold, what's wrong?
navigation screen of the car freezes while driving
There's a rattling noise at the back when I brake
The electric car stops charging with a communication error
How do I reset the tyre pressure warning?
key fob not working, replaced the battery already
""",
    "shops": """
The checkout rejects my credit card with an unknown error
My voucher fails at the till, can you sort it out?
The website crashed while I was paying, was I charged?
It won't let me put the shoes in the basket
My basket empties itself whenever I go back a page
Order status says error, where is my parcel?
The discount is missing from my total, please fix my invoice
Your site says my postcode is invalid, but it's right
I downloaded the e-book and the file doesn't open
The seat map of the concert does not load
""",
    "other languages": """
Mein Drucker druckt nur leere Seiten, was kann ich tun?
Die App stürzt ab, sobald ich mich anmelde
Warum verbindet sich mein Handy nicht mit dem WLAN?
Mon ordinateur s'éteint tout seul, que faire ?
L'application affiche une erreur quand je paie
La tele se queda sin imagen cuando enciendo la consola
No puedo entrar, dice que la contraseña no es válida
Il telefono non si carica più, come lo riparo?
A impressora dá erro de papel, como resolvo?
Mijn laptop start niet meer op na de update
""",
}
"""By kind, one text a line."""

DEBUGGING: Final = {
    "code": """
My recursive function never stops, where is my mistake?
The unit tests pass alone but fail when I run the whole suite
Why is the variable still undefined after the await?
Half of the rows are missing after my join, what did I do wrong?
the regex matches too much, how do I fix it
I call setState but the component doesn't re-render
Our parser chokes on empty lines, find out why
My linked list loses its last node when I delete the first
The compiler complains about a missing semicolon although there is one
Two threads write to the same map and sometimes the program hangs
Help, my pandas merge blows up memory
The sort gives a different order each run, what is the bug?
why do i get a circular import between models and views
Rust says the value was moved, how do I solve that?
My CSS grid overflows on small screens and I can't see why
The migration fails because the column already exists
Null reference in the checkout controller since the last commit
Our login function throws when the password is empty
""",
    "servers and configuration": """
nginx answers with bad gateway since I changed the upstream
The pod is stuck in CrashLoopBackOff, what should I check?
Postgres refuses connections after the upgrade to 16
Our cron job on the server doesn't run at night, how do I fix it?
The webhook times out although the handler returns at once
My Dockerfile builds on the laptop but not in the pipeline
terraform wants to destroy the database on every apply, why?
Redis evicts keys that should never expire
The API returns 401 for valid tokens, find the cause
ssh to the new host hangs after the banner
Requests from the front end are blocked by CORS, how can I get past that?
The deployment fails with an image pull error
Kafka consumer lags and never catches up, any ideas what is wrong?
our staging environment throws 503 under load
The certificate renewal script stopped working on the web server
systemd restarts my service every ten seconds, why?
git push is rejected with non-fast-forward
The YAML of our workflow is invalid but I can't find the error
""",
    "apps one builds": """
The Android app I'm developing crashes in onCreate
My Electron app shows a white window after packaging
Our React page freezes when the list has more than a thousand items
The iOS build fails at code signing
My Flask login route always redirects back to the form
The printer driver I wrote in C writes past the buffer
The form in my Angular project does not submit, why?
Our mobile client throws a JSON parse error on the login response
""",
    "other languages": """
Mein Python-Skript bricht mit einem Unicode-Fehler ab
Warum liefert meine SQL-Abfrage jede Zeile doppelt?
Mon serveur Node plante dès que la base ne répond plus
Mi función devuelve siempre cero, ¿dónde está el fallo?
""",
}
"""By kind, one request a line."""

EXAMPLES: Final = (
    "My laptop is broken, who can look at it?",
    "I can't get into my account",
    "The printer does not print",
    "The app closes by itself",
    "Where do I change my password?",
    "My order never arrived",
    "I'd like to send the shoes back",
    "The invoice has a wrong address",
    "When will the technician come?",
    "My heating is cold",
)
KEYWORDS: Final = ("printer", "app", "log in", "login", "password", "wifi")


class Counts(NamedTuple):
    """How many texts were taken for what."""

    count: int
    debugging: int
    """Taken for `debugging` or `code`."""
    else_wrong: int
    """Of help-desk texts: taken for something else that is neither talk nor a question."""
    talk: int
    """Taken for talk or a question."""
    silent: int


def lines(texts: str) -> list[str]:
    """Return the texts."""
    return texts.strip().splitlines()


def every(kinds: Mapping[str, str]) -> list[str]:
    """Return the texts of all kinds."""
    return [text for texts in kinds.values() for text in lines(texts)]


def counted(classifier: Classifier, texts: Sequence[str]) -> Counts:
    """Return what these texts are taken for at the policy's default threshold."""
    found = Counter(_kind(decision(classifier, text)) for text in texts)
    return Counts(len(texts), found["code"], found["else"], found["talk"], found["silent"])


def _kind(task: str | None) -> str:
    if task is None:
        return "silent"
    if task in {"debugging", "code"}:
        return "code"
    return "talk" if task == "chat" or task in TASK_GROUPS["chat"] else "else"


def support(described: Mapping[str, Any], texts: Sequence[str]) -> Counter[str | None]:
    """Return what the texts are told as by a policy that has a task `support` described like this; without any where it is empty."""
    routes = [{"name": "told", "when": {"task": "code"}, "use": "one"}]
    policy = {"models": {"one": {"model": "test:one"}}, "default": "one", "routes": routes, "classifier": {"kind": "builtin"}}
    router = Router({**policy, "tasks": {"support": dict(described)}} if described else policy, environ={})
    return Counter(router.decide(Call(text)).signals.task.value for text in texts)


def _told(name: str, found: Counter[str | None], code: Counter[str | None]) -> None:
    wrong = found["debugging"] + found["code"]
    print(f"| {name} | {found['support']} of {found.total()} | {wrong} | {code['support']} of {code.total()} |", flush=True)


def supported() -> None:
    """Print what a task of one's own mends."""
    asked, code = every(HELPDESK), every(DEBUGGING)
    print("\n| `support` has | told as `support` | as debugging or code | requests to debug, taken for `support` |\n|---|---|---|---|")
    ways: dict[str, dict[str, Any]] = {
        "nothing: there is no such task": {},
        "ten examples": {"examples": EXAMPLES},
        "keywords": {"keywords": KEYWORDS},
        "these keywords and the ten examples": {"keywords": KEYWORDS, "examples": EXAMPLES},
    }
    for name, described in ways.items():
        _told(name, support(described, asked), support(described, code))
    halves = (asked[::2], asked[1::2])
    both: Counter[str | None] = Counter()
    taken: Counter[str | None] = Counter()
    for known, others in (halves, halves[::-1]):
        both += support({"examples": known}, others)
        taken += support({"examples": known}, code)
    _told("half of the texts for examples, the others asked, both ways", both, taken)


def main() -> None:
    """Print what both lists are taken for, by kind, and what a task of one's own mends."""
    for title, kinds in (("to a help desk", HELPDESK), ("to debug", DEBUGGING)):
        print(f"\n| {title} | classifier | n | debugging or code | else | talk or question | abstained |\n|---|---|---|---|---|---|---|")
        for classifier in (BuiltinClassifier(), KeywordClassifier()):
            rows = [*((kind, lines(texts)) for kind, texts in kinds.items()), ("all", every(kinds))]
            for kind, texts in rows:
                print(f"| {kind} | {classifier.name} | {' | '.join(map(str, counted(classifier, texts)))} |", flush=True)
    supported()


if __name__ == "__main__":
    main()
