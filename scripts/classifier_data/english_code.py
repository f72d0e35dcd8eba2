"""How people ask for code, for changes to code, and for help with code that fails."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
    "code_generation": """
write a {lang} {artifact} that {codejob}
write a function that {codejob}
write a function to {codebase}
write a {lang} function to {codebase}
write a python function to {codebase} using {codeway}
write code to {codebase}
write a program that {codejob} in {lang}
write me a {artifact} for {company}
write me some {lang} code that {codejob}
write a {lang} script to {codebase}
write a method in {lang} that {codejob} and returns the result
write a query that returns the <top|last|first> {m} {dimension}s by {metric}
write a SQL query to find <duplicate emails|the second highest salary|customers without orders|the average {metric} per {dimension}>
write <unit|integration|pytest> tests for a {artifact} <in {lang}|>
write a regex that matches <dates|phone numbers|URLs|IPv4 addresses|email addresses|hex colours>
implement a {artifact} in {lang}
implement <binary search|quicksort|merge sort|Dijkstra|a bloom filter|A* search|k-means|a trie|depth first search|topological sort> in {lang}
implement a {lang} {artifact} that {codejob}
implement an algorithm that {codejob}
create a {tool} <app|component|project|service> that {codejob}
create a {artifact} with {tool}
create a simple {artifact} in {lang}
create a <responsive|dark-mode|small> web page with HTML, CSS and JavaScript
build a {artifact} with {tool} and {tool}
build me a <small|simple|full-stack> app that {codejob}
generate a {artifact} in {lang}
generate boilerplate for a {tool} <project|service|app>
code a {artifact} in {lang} <from scratch|without libraries|>
code up a quick {artifact}
develop a {lang} {artifact} that {codejob}
make a {lang} {artifact} that {codejob}
make me a <snake|tetris|tic-tac-toe|pong|chess> game in {lang}
design a class hierarchy in {lang} for <a parking lot|a library|vending machines|an elevator>
set up a {tool} <pipeline|config|project> that <deploys|runs tests|builds an image> on every push
give me a {lang} <snippet|one-liner|example> that {codejob}
give me a <bash|shell|powershell> command that {codejob}
show me how to {codebase} in {lang}
show me an example of a {artifact} in {lang}
provide a <minimal|working|complete> implementation of a {artifact}
complete this function:\\n```\\n{stub}\\n```
complete the following code so that it {codejob}:\\n{stub}
finish the implementation below\\n\\n{stub}
fill in the body of this function\\n\\n{stub}
solve this leetcode problem: given an array of integers, <return the two that add up to a target|find the longest increasing run|move all zeros to the end>
script something that {codejob}
scaffold a {tool} service with <auth|logging|tests|a health check>
add a new {tool} endpoint that {codejob}
""",
    "code_editing": """
refactor this {artifact}:\\n```\\n{code}\\n```
refactor the following code to use <list comprehensions|async/await|dataclasses|streams|hooks|generics|fewer lines>\\n\\n{code}
refactor my {artifact} so that it is easier to test
rewrite this {artifact} in {lang}\\n```\\n{code}\\n```
rewrite the code below without <loops|recursion|global variables|dependencies>\\n{code}
convert this {lang} <code|script|function|class> to {lang}
convert the following code from {lang} to {lang}:\\n\\n{code}
port this {lang} <module|script|library> to {lang}
translate this {lang} code into {lang}:\\n{code}
clean up this code\\n```\\n{code}\\n```
clean up the imports in this file
optimize this {artifact} for <speed|memory|large inputs>\\n{code}
optimize the query below, it is too slow\\n{code}
make this code <faster|more readable|thread-safe|idiomatic|pythonic|type-safe|shorter>:\\n{code}
make this {artifact} async
add <type hints|docstrings|comments|error handling|logging|unit tests|tests|input validation> to this {artifact}\\n```\\n{code}\\n```
add <type annotations|documentation|retries|caching|pagination> to the code below\\n\\n{code}
add a parameter `{identifier}` to this {artifact}
rename the variable `{identifier}` to `{identifier}` <everywhere|in this file|in the code below>
rename {identifier} to {identifier} across the module
split this {artifact} into <two|smaller|separate> <functions|classes|files>
simplify this {artifact}\\n```\\n{code}\\n```
simplify the nested <ifs|loops> in my code
modernize this <old|legacy> {lang} code for <ES2022|Java 21|C++20>
replace <print statements|callbacks|the for loop|var|magic numbers> in this code with <logging|promises|a map|const|constants>
remove <dead code|duplicated branches|the unused imports|global state|console.log calls> from the following {artifact}
review this <pull request|diff|code|patch> and suggest improvements\\n```\\n{code}\\n```
review my {lang} code:\\n{code}
comment this code line by line\\n{code}
document the following {artifact}\\n{code}
reformat this code according to <PEP 8|prettier|the style guide>\\n{code}
change this {artifact} so that it {codejob}\\n```\\n{code}\\n```
change the function below to return a {structure} instead of a {structure}\\n{code}
modify the following code so it also {codejob}\\n\\n{code}
update this {tool} component to use <hooks|TypeScript|the new API>
upgrade this code from {tool} 2 to {tool} 3
inline the helper functions in this {artifact}
vectorize this loop with NumPy\\n{code}
write this {lang} snippet in {lang} instead: {code}
turn this script into a <class|module|package|CLI tool>\\n{code}
""",
    "debugging": """
fix the bug in <this|my|the following> {artifact}\\n```\\n{code}\\n```
fix this code:\\n{code}
fix this error: {failure}
fix the failing test\\n\\n{trace}
fix my {tool} <build|app|config>, it throws {failure}
debug this {artifact}\\n{code}
debug the following {lang} code, it gives {failure}\\n\\n{code}
find the <bug|error|mistake|memory leak|race condition|problem> in this code\\n```\\n{code}\\n```
find out why my {artifact} <hangs|crashes|fails on CI|returns None|never terminates>
figure out why this {artifact} {fails}
explain this stack trace\\n{trace}
explain why I get {failure} here\\n{code}
help me fix this {failure}
help me debug my {tool} <app|service|container|deployment>
tell me what is wrong with this code\\n{code}
tell me why this fails\\n\\n{trace}
troubleshoot my {tool} <setup|connection|install>: {failure}
solve this error in {tool}: {trace}
diagnose the {failure} in my {lang} <service|program|script>
check why the {artifact} {fails}
look at this log and tell me why the service {fails}\\n{trace}
get rid of this {failure} <when I run the tests|in production|please>
""",
}
"""Requests in the form of an order."""

SAID: Final[Mapping[str, str]] = {
    "code_generation": """
how do I {codebase} in {lang}?
how can i write a {artifact} that {codejob} with {tool}
how would I implement a {artifact} in {lang}
what is the best way to {codebase} in {lang}? Show code.
i need a {lang} {artifact} that {codejob}
I need a {artifact} for {tool} that {codejob}
I want a {tool} <app|module|component> that {codejob}
looking for a {lang} script which {codejob}
{lang} {artifact} that {codejob}
{lang} code for {artifact}
{lang} function, {codejob}, no dependencies
{stub}
{stub}
{stub}\\n\\nComplete the function.
Given a list of integers `nums`, return <the largest gap|all pairs|the running sum>. Write a solution in {lang}.
You are given a string s. Return <true if it is a palindrome|the longest substring without repeats|the number of vowels>. Constraints: 1 <= len(s) <= 10^5. Example: s = "abc" -> 3
Your task is to write a {lang} function {identifier}(n) that {codejob}. Your code should pass these tests:\\nassert {identifier}(3) == {m}
You are an expert {lang} programmer, and here is your task: write a function that {codejob}
Could someone share code that {codejob}?
""",
    "code_editing": """
how can I make this {artifact} <faster|cleaner|simpler|shorter>?\\n```\\n{code}\\n```
How would you refactor this?\\n{code}
is there a more <pythonic|idiomatic|elegant> way to write this?\\n{code}
this {artifact} works but it is <slow|ugly|too long|hard to read>. Improve it.\\n{code}
this code works, but please use <async|a loop|recursion|type hints> instead\\n\\n{code}
what would this look like in {lang}?\\n```\\n{code}\\n```
same code but in {lang}:\\n{code}
{code}\\n\\nRefactor this.
{code}\\n\\nAdd <tests|types|docstrings|comments|error handling>.
```\\n{code}\\n```\\nmake it <async|shorter|faster|generic|readable>
```\\n{code}\\n```\\nConvert to {lang}.
The {artifact} below has {m} nested loops, can it be simplified?\\n{code}
My {artifact} does too many things. How should I split it?\\n{code}
I want this {lang} file to follow <SOLID|clean code|our lint rules>, please adapt it.
""",
    "debugging": """
why does this code <raise|throw|give me> {failure}?\\n```\\n{code}\\n```
why does my {artifact} <crash|hang|return None|fail>?
why is my {tool} <app|container|build|test> failing with {failure}
why am i getting {failure}
why doesn't this <work|compile|run|render|update>?\\n{code}
why is this loop running twice?\\n{code}
what does this error mean: {failure}
what's wrong with my {artifact}?\\n{code}
what am I doing wrong here?\\n```\\n{code}\\n```
I get {failure} when I run this {artifact}
I'm getting {failure} in {tool}. How do I fix it?
i keep getting {failure} when i call the {artifact}
my {artifact} {fails}
my {lang} program {fails} and I don't know why
my {tool} <app|build|container|pod|query|page> {fails}
My code {fails} after upgrading {tool}
the {artifact} {fails} when the list is empty
the test passes locally but {fails} on CI
It worked yesterday, now {tool} says {failure}
{tool} {failure}
{tool} throws {failure} on startup
{trace}
{trace}
{trace}\\n\\nany idea?
{code}\\n\\n{trace}
{code}\\n\\nThis prints the wrong result. Why?
```\\n{code}\\n```\\nthis {fails}
how do I fix {failure} in {tool}?
how to solve {failure} {tool}
Expected {m} but got {n}. Where is the mistake?\\n{code}
After deploying, the service {fails}. Logs:\\n{trace}
There's a bug somewhere in here and I can't find it:\\n{code}
the build is failing with {failure}
our pipeline breaks at the <lint|test|deploy> step with {failure}
""",
}
"""Requests that stand as they are: questions, statements, material alone."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "codeway": (
        "recursion",
        "a dictionary",
        "regex",
        "lambda",
        "dynamic programming",
        "heap queue",
        "bit operations",
        "a set",
        "two pointers",
        "list comprehension",
    ),
    "structure": ("list", "dictionary", "tuple", "set", "DataFrame", "Promise", "generator", "string", "map"),
    "fails": (
        "crashes",
        "hangs",
        "fails",
        "never terminates",
        "returns undefined",
        "crashes on startup",
        "throws an exception",
        "gives the wrong result",
        "stops after a minute",
        "runs twice",
        "exits immediately",
        "shows a blank page",
        "keeps restarting",
        "times out",
        "leaks memory",
        "returns duplicate rows",
        "prints NaN",
        "won't compile",
        "doesn't work",
        "fails with exit code 137",
        "is not updating",
        "loses data",
        "fails silently",
        "freezes",
    ),
    "codebase": (
        "reverse a string",
        "find the largest number in a list",
        "check whether a given string is a palindrome",
        "sort a list of tuples by the second item",
        "remove duplicates from a list",
        "parse a CSV file",
        "count the frequency of characters in a string",
        "find the nth prime number",
        "merge two dictionaries",
        "read a file line by line",
        "send a POST request",
        "connect to a database",
        "convert a list to a string",
        "find the minimum cost path in a matrix",
        "check if a binary tree is balanced",
        "find the sum of the array elements",
        "compute the greatest common divisor",
        "find all pairs with a given sum",
        "upload files",
        "remove the kth element from a list",
        "extract numbers from a string using regex",
        "calculate the area of a rectangle",
        "find the longest common prefix",
        "split a string at lowercase letters",
        "shuffle an array",
        "convert a date string to a timestamp",
        "check whether two lists share an element",
        "find the median of two sorted arrays",
        "count set bits",
        "rotate a list by k positions",
        "flatten nested lists",
        "find the index of the first occurrence",
        "check if a number is a perfect square",
        "multiply two matrices",
        "validate a password",
        "format a phone number",
        "debounce a click handler",
        "draw a circle",
    ),
    "stub": (
        'def has_pairs(numbers: list[int], limit: int) -> bool:\n    """Return True if two numbers are closer than the limit.\n    >>> has_pairs([1, 2, 9], 2)\n    True\n    """',
        "def longest(words: list[str]) -> str | None:\n    \"\"\" Return the longest of the words. Return None for an empty list.\n    >>> longest(['a', 'bb'])\n    'bb'\n    \"\"\"",
        'from typing import List\n\ndef running_max(values: List[int]) -> List[int]:\n    """Generate a list of the largest element seen so far\n    >>> running_max([1, 3, 2])\n    [1, 3, 3]\n    """\n',
        "def is_vowel(ch):\n    '''\n    Write a function that returns True for a vowel.\n    Examples:\n    is_vowel('a') == True\n    '''\n",
        "function chunk(list, size) {\n  // TODO: split the list into parts\n}",
        "public int[] twoSum(int[] nums, int target) {\n    // your code here\n}",
        'def decode(s: str):\n    """\n    takes as input an encoded string and returns the decoded string\n    """\n',
        "fn median(values: &mut Vec<f64>) -> f64 {\n    todo!()\n}",
        "-- write the query here\nSELECT",
        "class Stack:\n    def push(self, value):\n        ...\n    def pop(self):\n        ...",
        '\ndef count_upper(text):\n    """\n    Given a string, count the upper case letters at even positions.\n    For example:\n    count_upper(\'aBCdEf\') returns 1\n    """\n',
    ),
}
