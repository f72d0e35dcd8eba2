"""How people ask for mathematics, for the reading of data, and for work of several steps."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
    "math": """
solve for x: {equation}
solve the equation {equation}
solve {equation}
solve this <system|quadratic|inequality>: {equation}
compute {expression}
calculate {expression}
calculate the <area|perimeter|volume|surface area> of a <circle|square|sphere|cone|cylinder|triangle|rectangle> with <radius|side|height> {n}
calculate the compound interest on ${n} at {m}% for {m} years
evaluate {expression}
evaluate the <limit|integral|sum|product> {calculus}
find the derivative of {calculus}
find the integral of {calculus}
find the value of x if {equation}
find all <real|integer|positive> solutions of {equation}
find the <greatest common divisor|least common multiple> of {n} and {n}
find the <remainder|units digit> when {n}^{m} is divided by {m}
find the probability that <two dice show the same number|a card drawn is an ace|at least one of {m} coins lands heads>
find the <eigenvalues|determinant|inverse|rank> of the matrix [[{m}, {m}], [{m}, {m}]]
find the <slope|distance|midpoint|equation of the line> between ({m}, {m}) and ({m}, {n})
factor {polynomial}
factorize {polynomial}
simplify {polynomial} / (x - {m})
simplify \\\\frac{{{n}}}{{{m}}}
expand (x + {m})^{m}
prove that <the square root of {m} is irrational|there are infinitely many primes|the sum of two even numbers is even|n^2 + n is even for all n|every group of prime order is cyclic>
prove by induction that 1 + 2 + ... + n = n(n+1)/2
show that {calculus} <converges|diverges|is continuous|is differentiable>
differentiate {calculus} with respect to x
integrate {calculus} from 0 to {m}
round {n} / {m} to two decimals
convert {n} <miles to kilometres|inches to cm|Fahrenheit to Celsius|pounds to kilograms|to binary|to hexadecimal>
work out {m}% of {n}
determine <the number of ways to arrange {m} books|how many zeros {n}! ends with|the radius of convergence of {calculus}>
express {n} as a product of primes
""",
    "data_analysis": """
analyze this data\\n\\n{table}
analyze the {metric} by {dimension} and tell me what stands out
analyse the attached <CSV|spreadsheet|dataset|Excel file> and describe the main trends
analyze our {metric} for the last <two years|four quarters|12 months> and find the drivers
look at these numbers and tell me which {dimension} does best\\n{table}
look at the table below and find <outliers|anomalies|the trend|the weakest month>\\n\\n{table}
find outliers in this dataset
find the correlation between {metric} and {metric} in this data\\n{table}
compare {metric} across {dimension}s and explain the differences
compare {metric} before and after the launch using the data below\\n{table}
plot {metric} by {dimension} and describe the trend
visualize {metric} over time and comment on it
chart the {metric} in this table as a <bar chart|line chart|histogram>\\n{table}
run a <regression|t-test|chi-squared test|cohort analysis|cluster analysis|time series decomposition> on this data\\n{table}
run the numbers on {metric} per {dimension}
do an exploratory data analysis of this <dataset|file|survey|log>
do a <cohort|funnel|variance|Pareto|sensitivity> analysis of our {metric}
forecast {metric} for the next <quarter|six months|year> from this series: {table}
group the rows by {dimension} and compute the average {metric}
aggregate {metric} per {dimension} and rank them\\n\\n{table}
build a pivot table of {metric} by {dimension} and {dimension}
interpret these <results|survey results|KPIs|A/B test results|coefficients>\\n{table}
give me insights from this {metric} data\\n{table}
identify the {dimension}s with falling {metric}
break down {metric} by {dimension}
explain the drop in {metric} in <March|Q3|week 12> using this data\\n{table}
estimate the effect of <the discount|the campaign|the price change> on {metric} from the data
examine these figures and report what you see\n{table}
work out which {dimension} performs worst\n{table}
study the spreadsheet and point out patterns
tell me what the {metric} numbers say about each {dimension}
derive insights from the {metric} table
check this data for outliers\n{table}
summarize the statistics of this dataset: mean, median, spread\n{table}
""",
    "multi_step": """
plan a {m}-day trip to {place} for {m} people with <budget|flights, hotels and food|an itinerary|costs per day>
plan the migration of our <database|monolith|website|data centre> to <the cloud|Kubernetes|PostgreSQL|a new CMS> step by step
plan a <wedding|conference|product launch|birthday party|team offsite> for {n} guests with a timeline and budget
plan my <week|month|study schedule|training>: goals, steps and milestones
create a step-by-step plan for <opening a café|learning {tongue} in six months|launching {company}|moving to {place}>
create a project plan with phases, owners and deadlines for {goal}
develop a strategy for {goal}, including risks, costs and timeline
design a <scalable|multi-region|fault-tolerant|high-availability> architecture for <a payments platform|a chat service|a video site|an online shop> and justify the trade-offs
design the system for <a ride-hailing app|a ticket shop|a news feed>: components, data model, scaling, failure modes
come up with a go-to-market plan for {company}
research {topic}, compare the options, and recommend one with reasons
research the best <laptops|CRMs|suppliers|hotels in {place}>, compare prices, and then book the cheapest one
find me a <dentist|flight to {place}|restaurant>, check <reviews|opening hours|the insurance>, and then book it
check my <calendar|tickets>, find a free slot, and send an invitation to {person}
read the <ticket|issue|report>, reproduce the problem, then <open a pull request|write a fix|notify the team>
first <search the web for {topic}|list the options|collect the data>, then <compare them|summarize them|rank them>, and finally <write a report|send it to {person}|make a recommendation>
break the goal of {goal} down into tasks and order them by dependency
lay out a roadmap for {goal} over the next <six months|year|three quarters>
organise a {m}-day <offsite|workshop|hackathon> in {place} for {n} people
walk me through {goal} from start to finish, with decisions at each step
think through the pros and cons of {decision}, weigh them, and decide
evaluate {decision} from a technical, financial and legal point of view and give a recommendation
coordinate <the release|the office move|the hiring of {m} people>: who does what by when
map out every step needed for {goal}
put together a complete plan for {goal}: tasks, owners, dates
design a <sharded|distributed|secure> <ledger|storage system|data platform> for many regions
architect a <system|platform> that serves <millions of users|several regions>, and discuss failure modes
gather quotes from three suppliers, compare them, and draft the order
""",
}

SAID: Final[Mapping[str, str]] = {
    "math": """
what is {expression}?
what is {m}% of {n}?
What's {n} times {m}
{expression}
{equation}, what is x?
{expression} = ?
If {equation}, what is the value of x?
If f(x) = {polynomial}, find f({m}).
Let f(x) = {polynomial}. What is f({m})?
Let x and y be real numbers such that x + y = {n} and xy = {m}. Find x^2 + y^2.
Let $a$ and $b$ be positive integers with $a+b={n}$. What is the greatest possible value of $ab$?
What is the sum of <all the positive divisors of {n}|the digits of {n}^{m}>?
What is the <area|circumference|perimeter|volume> of a <circle|cube|square|sphere> with <radius|side|diameter> {n}?
What is the smallest positive integer that is divisible by both {m} and {n}?
What is the derivative of {calculus}?
What is the limit of {calculus} as x goes to infinity?
How many ways can {m} people sit around a table?
How many <three-digit|four-digit|positive> integers are <divisible by {m}|multiples of both {m} and {m}|palindromes>?
How many {item} are in {m} boxes of {n}?
{human} has {n} {item}. {pronoun} <gives|sells|lends> {m} to {human} and <buys|finds|gets> {m} more. How many {item} does {human} have now?
{human} buys {m} {item} for ${m} each and {n} {item} for ${m} each. How much does {human} spend in total?
{human} has {m} times as many {item} as {human}. Together they have {n}. How many does {human} have?
{human} works {m} hours a day and earns ${n} per hour. {pronoun} works {m} days a week. How much does {human} earn in {m} weeks?
{human} read {n} pages on Monday and twice as many on Tuesday. If the book has {n} pages, how many pages are left?
A <shop|baker|school|factory|farmer> <has|makes|sells> {n} {item} every day. On weekends it <makes|sells> {m} times as many. How many {item} is that in a week?
A train travels {n} miles in {m} hours. How far does it go in {m} hours at the same speed?
A train leaves at {m} pm at {n} km/h and another at {m} pm at {n} km/h. When do they meet?
A <shirt|bike|phone|jacket> costs ${n}. It is on sale for {m}% off. What is the <final|sale|original> price?
The ratio of <boys to girls|cats to dogs|red to blue {item}> is {m}:{m}. If there are {n} in all, how many <boys|cats|red ones> are there?
In a class of {n} students, {m}/{m} play football and {m}% play tennis. How many play neither?
Each of {m} <friends|workers|teams> has {n} {item}. They share them equally among {m} people. How many does each person get?
{human} is {m} years older than {human}. In {m} years {human} will be twice as old. How old is {human} now?
Two fair dice are rolled. What is the probability that the sum is {m}?
A rectangle is {m} cm longer than it is wide, and its area is {n} square cm. What is its perimeter?
For what value of k does {equation} have <no|one|two> real solutions?
think step by step: {expression}
sqrt({n}) + {m}^2
can you check my answer, is {expression} = {n}?
""",
    "data_analysis": """
{table}\\n\\nWhat <trend|pattern|insight> do you see?
{table}\\n\\nWhich {dimension} has the highest {metric}?
Here is our {metric} by {dimension}:\\n{table}\\nAnything unusual?
Here are the numbers:\\n{table}\\nWhat do they tell us?
Which {dimension} grew the most according to this <table|data|file>?\\n{table}
Which {dimension} contributes most to {metric}?
What drives {metric} in this dataset?
What is the correlation between {metric} and {metric} in the data?
Is the difference between <A and B|the two groups|variants> statistically significant?\\n{table}
Are there any <anomalies|outliers|seasonal patterns> in this series? {table}
How did {metric} change by {dimension} <last year|over the quarter>?
how does {metric} correlate with {metric} in the attached csv
I have a dataset with columns {dimension}, {metric} and {metric}. What can I learn from it?
I uploaded a <csv|spreadsheet> with {metric} per {dimension}. Find what matters.
average {metric} per {dimension} from this table\\n{table}
the survey had {n} answers, {m} in favour; what can we conclude about the {dimension}s?
what insights can you get from these {metric} numbers
what do you see in this data?\n{table}
Is there a significant difference between the two variants?\n{table}
how has {metric} developed per {dimension}?\n{table}
""",
    "multi_step": """
How should we approach {goal}?
How would you go about {goal}? List phases, dependencies and risks.
We want to {goal2} by June. What are the steps, who does what, and what can go wrong?
We need to {goal2}. Lay out the phases.
I want to {goal2}. Make a plan, check the budget, and give me a weekly schedule.
I need to {goal2} and have only {m} weeks. What do I do first, then, and last?
My goal: {goal}. Constraints: {n} thousand dollars, {m} people, {m} months. Give me a full plan.
What is the best strategy for {goal} given a small team, and how would you measure success?
Should we go for {decision}? Consider cost, risk, people and timing, then decide.
You have access to tools. <Search|Look up> {topic}, save the results, and then <email them to {person}|put them in a table>.
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "equation": (
        "3x + 7 = 22",
        "x^2 - 5x + 6 = 0",
        "2x - 4 = 10",
        "5(x - 2) = 3x + 8",
        "x^2 + 4x = 21",
        "|2x - 3| = 9",
        "2^x = 64",
        "log(x) = 3",
        "x/4 + 6 = 11",
        "7x - 2 = 4x + 13",
        "x + y = 10 and x - y = 4",
        "3x^2 = 48",
        "y = 2x + 1",
        "$3x+2y=12$",
        "4p = 28",
        "sin(x) = 1/2",
    ),
    "expression": (
        "17% of 2340",
        "12 * 34",
        "144 / 12 + 7",
        "2 + 2",
        "5!",
        "(3 + 4) * 9 - 2",
        "sqrt(225)",
        "2^10",
        "3/4 + 5/6",
        "15 * 15",
        "1001 mod 7",
        "the square root of 529",
        "8 factorial",
        "$\\frac{3}{8} + \\frac{1}{4}$",
        "the average of 12, 15 and 21",
        "45 - 3 * 7",
        "0.25 * 840",
        "log base 2 of 128",
        "7 times 8 plus 3",
    ),
    "calculus": (
        "x^2",
        "sin(x)/x",
        "ln(3x + 1)",
        "e^(2x)",
        "x^3 - 4x",
        "1/(1 + x^2)",
        "x * cos(x)",
        "tan(x)",
        "(1 + 1/n)^n",
        "the series sum of 1/n^2",
        "sqrt(x + 1)",
        "$x^2 e^x$",
        "|x|",
    ),
    "polynomial": (
        "x^3 - 6x^2 + 11x - 6",
        "x^2 - 9",
        "2x^2 + 7x + 3",
        "x^2 + 6x + 9",
        "x^4 - 16",
        "3x^2 - 12x",
        "x^3 + 1",
        "5x^2 - 3x + 2",
    ),
    "pronoun": ("He", "She", "Then she", "Then he", "They"),
    "goal": (
        "moving our office to {place}",
        "launching a new product at {company}",
        "migrating {n} services to the cloud",
        "reducing {metric} by 20 percent",
        "rolling out a new CRM",
        "entering the market in {place}",
        "opening a second store",
        "writing and publishing a book",
        "restructuring our support team",
        "going carbon neutral",
        "building a mobile app from idea to store",
        "preparing a merger",
        "running a pilot for {topic}",
        "hiring a sales team",
        "organising a charity run",
    ),
    "goal2": (
        "move {n} services to Kubernetes",
        "open a café in {place}",
        "launch in {place}",
        "switch to a four-day week",
        "change career into {topic}",
        "start a podcast about {topic}",
        "renovate the kitchen",
        "raise a seed round",
        "cut {metric} in half",
    ),
    "decision": (
        "buying or leasing electric vans",
        "building in-house or buying a tool",
        "moving to {place}",
        "remote-first work",
        "a rewrite of the platform",
        "raising prices",
        "outsourcing support",
        "switching suppliers",
    ),
}
