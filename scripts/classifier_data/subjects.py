"""Things that prompts are about. No list belongs to one task, so that what a prompt is about says little of what it asks for."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def split(text: str) -> tuple[str, ...]:
    """Return the parts of a text that semicolons part."""
    return tuple(part.strip() for part in text.replace("\n", " ").split(";") if part.strip())


SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "topic": split("""
the French Revolution; photosynthesis; black holes; the Roman Republic; climate change; remote work; electric cars; sourdough bread; vaccines; the stock market; chess openings;
jazz; the Renaissance; inflation; plate tectonics; the human heart; coffee; urban gardening; renewable energy; the Cold War; artificial intelligence; machine learning; data privacy;
blockchain; meditation; marathon training; whales; volcanoes; the immune system; Greek mythology; the Silk Road; quantum mechanics; interest rates; the moon landing; honey bees;
nutrition; sleep; mental health; time management; leadership; the gig economy; public transport; housing prices; the solar system; evolution; antibiotics; the printing press; opera;
Japanese cuisine; wine tasting; minimalism; parenting; video games; film noir; supply chains; cybersecurity; open source software; user experience; customer loyalty; cloud computing;
the water cycle; earthquakes; Shakespeare; impressionism; yoga; tea; football; the Olympics; space travel; dinosaurs; penguins; solar panels; self-driving cars; nuclear power; recycling;
fashion; architecture; the gut microbiome; migraines; allergies; diabetes; contract law; copyright; tax deductions; pensions; mortgages; insurance; elections; the European Union;
migration; democracy; ethics; logic; linguistics; the Vikings; the Ottoman Empire; the Great Depression; glaciers; deserts; rainforests; coral reefs; batteries; semiconductors"""),
    "person": split("""
my boss; my landlord; a customer; my colleague; a friend; my mother; my neighbour; our investors; the hiring manager; my professor; a client; the board; my team; HR; the school;
a supplier; my brother; my girlfriend; my kids; the city council; new employees; our users; the editor; a recruiter; my doctor; students; beginners; a five year old; executives"""),
    "noun": split("""
cat; dragon; lighthouse; robot; detective; teapot; astronaut; forest; violin; ghost; mountain; river; train; clockmaker; baker; wolf; sailor; queen; gardener; comet; mirror;
umbrella; library; circus; island; submarine; knight; fox; owl; painter; thief; orphan; wizard; city; winter; autumn; sea; moon; heartbreak; loneliness; friendship; first love; grandmother; tree"""),
    "company": split(
        "Acme; Northwind; our startup; a bakery; a gym; a coffee shop; an online shop; a bank; our SaaS product; a travel agency; a dental clinic; a law firm; Contoso; a bookshop; our app; a hotel"
    ),
    "tongue": split("""
French; German; Spanish; Italian; Portuguese; Dutch; Japanese; Chinese; Korean; Arabic; Russian; Polish; Turkish; Swedish; Hindi; Greek; English; Mandarin; Finnish; Danish; Czech;
Brazilian Portuguese; Latin; Hebrew; Ukrainian; Vietnamese; Thai; Norwegian; Hungarian; Romanian; Swahili; Catalan"""),
    "document": split("""
article; email; report; letter; paper; contract; meeting notes; transcript; chapter; blog post; review; press release; policy; thread; chat log; message; memo; story; essay; speech;
interview; study; abstract; newsletter; document; text; passage; paragraph; page; PDF; ticket; complaint; invoice; receipt; resume; job posting; announcement; minutes; white paper; proposal; podcast transcript"""),
    "lang": split("""
Python; JavaScript; TypeScript; Java; C++; C#; Go; Rust; PHP; Ruby; Kotlin; Swift; Scala; R; Bash; PowerShell; SQL; Perl; Haskell; C; Lua; Julia; Dart; Elixir; MATLAB; python; js; golang; java; rust"""),
    "tool": split("""
React; Vue; Angular; Django; Flask; FastAPI; Spring Boot; Node; Express; Next.js; pandas; NumPy; PyTorch; TensorFlow; Docker; Kubernetes; Terraform; GitHub Actions; PostgreSQL; MySQL;
MongoDB; Redis; Kafka; RabbitMQ; GraphQL; Rails; Laravel; Svelte; Tailwind; jQuery; Selenium; pytest; webpack; nginx; AWS Lambda; Firebase; Celery; SQLAlchemy; LangChain; Unity; Flutter; Ansible; git; Spark"""),
    "artifact": split("""
function; class; script; program; module; method; CLI tool; web server; REST API; endpoint; component; hook; library; decorator; context manager; iterator; parser; regex; regular expression;
query; stored procedure; migration; Dockerfile; Makefile; GitHub workflow; cron job; bash one-liner; unit test; test suite; chatbot; web scraper; crawler; game; calculator; to-do app; login page;
landing page; form; data class; struct; linked list; hash map; queue; stack; binary tree; trie; LRU cache; rate limiter; thread pool; event loop; state machine; tokenizer; compiler pass; plugin; macro; Excel formula; spreadsheet macro"""),
    "codejob": split("""
reverses a string; sorts a list of integers; merges two sorted arrays; checks whether a number is prime; finds the longest common subsequence; removes duplicates from a list; counts the vowels in a string;
parses a CSV file; downloads images from a URL; sends an email with an attachment; renames all files in a folder; reads a JSON config; validates an email address; converts Celsius to Fahrenheit;
returns the nth Fibonacci number; computes the factorial; finds the shortest path in a graph; detects a cycle; balances a binary search tree; finds two numbers that add up to a target;
checks if a string is a palindrome; flattens a nested list; groups words by anagram; rotates a matrix; finds the kth largest element; retries a request with backoff; uploads a file to S3;
connects to a Postgres database; streams logs over a websocket; resizes images; scrapes product prices; hashes passwords; generates random passwords; prints a calendar; shows a progress bar;
caches results on disk; watches a directory for changes; counts word frequencies; finds missing numbers in a range; converts a list of tuples into a dictionary; sums the digits of a number;
finds the maximum sum of a sub-array; generates all permutations; paginates results; filters users by age; joins two tables; computes a moving average; authenticates users with JWT; rate-limits requests;
writes rows to Excel; draws a bar chart; extracts the domain from a URL; checks for balanced brackets; converts roman numerals; finds the intersection of two lists; checks if a given number is even"""),
    "identifier": split(
        "foo; user_id; total; items; tmp; config; handler; getUser; parse_row; OrderService; UserController; cart; session; response; buffer; index; node; payload; retry; load_data; fetchAll"
    ),
    "failure": split("""
KeyError; TypeError; ValueError; IndexError; AttributeError; NullPointerException; segmentation fault; stack overflow; undefined is not a function; cannot read property of undefined;
ModuleNotFoundError; ImportError; connection refused; timeout; out of memory; permission denied; CORS error; 404; 500 internal server error; deadlock; race condition; infinite loop; exit code 1;
syntax error; unexpected token; merge conflict; memory leak; broken pipe; ECONNREFUSED; certificate verify failed; a blank page; wrong output; NaN; a core dump; borrow checker error; unhandled promise rejection"""),
    "metric": split("""
revenue; sales; churn; conversion rate; retention; page views; average order value; sign-ups; costs; response time; temperature; rainfall; test scores; defects; inventory; click-through rate; salaries; profit margin; NPS; downloads; active users"""),
    "dimension": split(
        "region; month; quarter; product; customer segment; channel; country; store; week; category; department; cohort; device; age group; year; sales rep; plan; team"
    ),
    "labels": split("""
positive, negative or neutral; spam or not spam; sports, politics or business; urgent or not urgent; bug, feature or question; safe or unsafe; fact or opinion; relevant or irrelevant;
happy, sad, angry or afraid; refund, shipping or billing; yes or no; true or false; A, B or C; high, medium or low priority; toxic or fine; sarcastic or sincere; fraud or legitimate; phishing or genuine"""),
    "field": split("""
names; dates; email addresses; phone numbers; prices; amounts; addresses; company names; product names; URLs; invoice numbers; order ids; people mentioned; cities; quantities; deadlines; action items; job titles; skills; key terms;
medications; ingredients; quotes; references; due dates; totals; account numbers; entities; locations; organisations; percentages; part numbers; hashtags; ISBNs; flight numbers; symptoms"""),
    "n": split(
        "3; 5; 7; 10; 12; 15; 17; 20; 24; 25; 30; 36; 40; 48; 50; 60; 72; 75; 80; 96; 100; 120; 144; 150; 250; 365; 500; 1000; 2,340; 4; 8; 9; 16"
    ),
    "m": split("2; 3; 4; 5; 6; 7; 8; 9; 11; 13; 14; 18; 21"),
    "item": split(
        "apples; books; marbles; tickets; cookies; pencils; eggs; chairs; stamps; oranges; litres of water; pounds of flour; dollars; euros; cards; toys; pages; miles; boxes; flowers; bottles; pizzas; cups of coffee"
    ),
    "human": split(
        "Mary; John; Ana; Tom; Priya; Liam; Sofia; Ken; Olga; Ahmed; Lucy; Mr. Brown; Jessica; Carlos; Mei; David; Emma; Noah; Fatima; Peter; the farmer; a baker; a shopkeeper; Sam and Max"
    ),
    "place": split(
        "Lisbon; Tokyo; Berlin; Paris; Brazil; Kenya; Rome; New York; Vancouver; Norway; Morocco; India; Peru; Sydney; Scotland; Vienna; Seoul; Mexico City; Cairo; Texas; Croatia"
    ),
}
