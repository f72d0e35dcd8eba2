"""Faults of code, builds, servers and configuration told in plain words, without code or a trace, in English."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.subjects import split

SAID: Final[Mapping[str, str]] = {
    "debugging": r"""
my {codething} {misbehaves}
my {codething} {misbehaves}, <why|what is wrong|what am I missing|where is the bug|how do I fix it|can you help|any idea>?
the {codething} {misbehaves} {codewhen}
the {codething} {misbehaves} {codewhen}, <how do I fix it|why is that|what did I do wrong|find the reason|help me find the bug>
our {codething} {misbehaves} {codewhen}
why does my {codething} {misbehave} {codewhen}?
why does the {lang} {codething} {misbehave}?
why is <my|the|our> {codething} <empty|null|undefined|so slow|called twice|never called|always false|not updated|off by one> {codewhen}?
why won't my {codething} <compile|run|build|terminate|load|import> <in {tool}|in {lang}|after the refactoring|>?
how <do|can> I <fix|solve|track down|get rid of|avoid> {codefault}?
how <do|can> I <fix|solve> {codefault} in my {lang} <code|project|program|script>?
how <do|can> I <fix|debug|solve> a {codething} that {misbehaves}?
what causes {codefault} <in {tool}|in {lang}|{codewhen}|>?
I have {codefault} <in my {codething}|in {tool}|in {lang}|{codewhen}> <and can't find the cause|and no idea why|, please help|>
there is {codefault} <in my {codething}|in our {tool} project|in the {lang} code>, <find it|where does it come from|how do I fix it>
I <wrote|changed|refactored|ported> a {lang} {codething} and now it {misbehaves}
I <use|call|import|extend> a {codething} <in {lang}|from {tool}|in my test> but it {misbehaves}
I'm <writing|building|programming|developing> <a {lang} {codething}|an app in {lang}|an app with {tool}|a site with {tool}> and it {misbehaves}
the app <I'm writing|I develop|we are building|I wrote in {lang}> <crashes|freezes|hangs|shows a blank page|does not start> {codewhen}
my {tool} <app|site|page|form|login> <crashes|freezes|shows nothing|does not render|keeps reloading> {codewhen}
{lang} <says|complains> that <the type does not match|the name is not defined|the symbol is missing|the argument is missing|the package cannot be found|the index is out of range>
{lang} <says|complains> that the {codething} <is not defined|is not callable|has no such attribute|is read-only|was already declared>
the <compiler|interpreter|linker|linter|type checker|debugger|bundler> <rejects|stumbles over|stops at|does not accept|complains about> my {codething}
{server} {srvfails}
{server} {srvfails} {srvwhen}
{server} {srvfails}, <why|what should I check|how do I fix that|where do I look|any idea what is wrong>?
our {server} {srvfails} {srvwhen}, <find the cause|what can I check|how do I solve that>?
why does {server} {srvfail} {srvwhen}?
how do I fix {server}? It {srvfails} {srvwhen}
<troubleshoot|debug|diagnose> <our|the> {server}: it {srvfails}
{tool} {srvfails} {srvwhen}
my {tool} <config|configuration|setup|deployment|job> {srvfails} {srvwhen}
<after|since> I <edited|changed|upgraded> <the {tool} config|the environment variables|the ports|the dependencies|the schema>, {server} {srvfails}
<curl|the client|the browser|the front end|every request|the health check> <gets|receives|returns|ends with> {status} <from the {server}|from our API|{srvwhen}|>
the <endpoint|API|route|webhook|service> <answers with|returns|gives> {status} <for valid input|for every request|{srvwhen}|>, <why|find the cause|how do I fix it>?
<git|npm|pip|cargo|maven|gradle|make|docker|kubectl|helm|terraform|ssh> <push|install|build|apply|run|pull|> <fails|hangs|is rejected|stops|aborts> {srvwhen}
<git|npm|pip|cargo|maven|gradle|docker|kubectl|helm> <refuses to work|says permission denied|cannot resolve a version|reports a conflict> {srvwhen}
the <build|pipeline|deployment|release|migration|test run|nightly job> <fails|is red|breaks|hangs|stops|times out> {srvwhen}
the <log|logs|console|trace> <shows|show|is full of> <{codefault}|timeouts|warnings|{status}> {srvwhen}, <what is going on|what does it mean|why>?
tests for the {codething} <fail|hang|are flaky|pass here and fail on CI>, <why|find out why|how do I fix them>?
a <query|select|join|subquery|view|trigger> of mine <returns too many rows|returns nothing|is very slow|locks the table|counts twice|drops the nulls>, <why|what is wrong|how do I fix it>?
my <loop|if statement|switch|recursion|callback|promise|regex|array|pointer|dictionary> <never ends|is skipped|stops too early|is always empty|is never resolved|matches nothing|points to garbage>
find <the bug|out what is wrong|the reason why it fails>: my {codething} {misbehaves}
<it|this> {misbehaves} when I <call the {codething}|run the {codething}|import the {codething}|mock the {codething}|deploy the {codething}>
""",
}
"""What stands as it is, by task."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "codething": split("""
function; method; class; constructor; script; program; code; module; package; component; hook; reducer; loop; recursion; regex; parser; query; stored procedure; join; migration; ORM model; serializer; controller; middleware; route handler; endpoint; REST API; API client; websocket;
goroutine; thread; mutex; coroutine; async function; callback; promise; event listener; unit test; integration test; fixture; mock; build script; Makefile; Dockerfile; compose file; YAML; JSON parser; pointer; array; struct; template; generic; decorator; dataframe; tensor;
training loop; notebook; stylesheet; flexbox layout; sign-up function; upload handler; cache layer; iterator; generator; lambda; enum; interface; trait; import; backend; front end; command line tool; library; plugin I wrote; macro; spider; bot
"""),
    "misbehaves": split("""
returns None; returns null; returns an empty list; returns the wrong value; returns zero; throws; throws an exception; raises an error; crashes; hangs; deadlocks; never returns; never ends; does not compile; fails to compile; doesn't run; is never called; runs twice; is off by one; leaks memory;
eats all the memory; overwrites the list; skips the last element; ignores the argument; prints nothing; prints the wrong number; loses the state; renders old data; doesn't update the state; gets a null; gets undefined; stops at the first element; overflows; misses the edge case; mixes up the order;
segfaults; panics; corrupts the file; fails the assertion; fails silently; blocks the event loop; is not awaited; matches too much; sorts wrongly; can't be imported; can't find the module; swallows the exception; mutates its input; breaks
"""),
    "misbehave": split("""
return None; return null; return the wrong value; return nothing; throw; raise an exception; crash; hang; deadlock; never end; not compile; run twice; leak memory; skip the first element; ignore the default; print nothing; lose its state; not render; overflow; segfault; panic;
fail the test; block the main thread; match nothing; sort wrongly; not find the module; change its input; break
"""),
    "codewhen": split("""
when the list is empty; when the input is null; on the second call; in production; in the debugger; after the last commit; since the merge; since I upgraded {tool}; when I pass a string; in strict mode; with large inputs; under Python 3; with two threads; in a loop; in the unit test; on CI;
when I run it twice; in release mode; after the refactoring; in the container; for negative numbers; inside a transaction; when I use async; with the new version of {tool}; for some users; when I mock the client; on Windows; in the {tool} project; at runtime; at compile time
"""),
    "codefault": split("""
a memory leak; a race condition; a deadlock; a null pointer; an off-by-one error; an infinite loop; a segfault; a stack overflow; a circular dependency; a merge conflict; a type error; a syntax error; an import error; a missing dependency; a version conflict; a dangling pointer; a CORS problem; a failing assertion; a flaky test;
an unhandled exception; an encoding error; a rounding error; an index error; a broken build; a wrong join; duplicate rows; a slow query; a connection leak; a closed socket; an exhausted connection pool; a cyclic reference; a hydration error; a linker error; a stale cache; a failing migration; an undefined variable
"""),
    "server": split("""
the web server; nginx; Apache; the load balancer; the reverse proxy; the API gateway; the database server; Postgres; MySQL; Redis; Kafka; RabbitMQ; Elasticsearch; the container; the Docker container; the pod; the cluster; the ingress; the cron job; the worker; the queue; the service; the microservice; the daemon; the systemd unit;
the Kubernetes deployment; the Lambda function; the replica; the backend; the DNS zone; the TLS certificate; the SSH tunnel; the firewall rule; the staging server; the production server; the CI runner; the build agent; the Helm chart; the Terraform plan; the message broker; the S3 bucket policy; the VM
"""),
    "srvfails": split("""
does not start; refuses connections; exits immediately; restarts in a loop; is killed; runs out of memory; runs out of disk; returns a gateway timeout; times out; drops requests; loses messages; does not resolve; rejects the token; uses the old config; ignores the environment variable; can't reach the database; fails the health check;
fails the readiness probe; never becomes ready; uses all the CPU; has too many open files; cannot bind the port; redirects in a loop; serves the wrong host; cannot mount the volume; cannot read the secret; lags behind; blocks on a lock; denies the role; is unreachable from the other container; logs nothing; crashes; hangs; fails
"""),
    "srvfail": split("""
not start; refuse connections; exit at once; restart in a loop; run out of memory; time out; drop requests; not resolve; reject the token; ignore the config; not reach the database; fail the health check; use all the CPU; redirect in a loop; crash; hang; lose messages
"""),
    "srvwhen": split("""
after the upgrade; since the deploy; under load; behind the proxy; in staging; in production; in the pipeline; on the new host; since I changed the config; after a reboot of the node; at midnight; over IPv6; with TLS; inside the network; after the migration; on CI; with the new image; after a rollback; when it scales up; in one region; for some requests
"""),
    "status": split("""
a 502; a 503; a 500; a 404; a 401; a 403; a 429; a 504; status 500; bad gateway; an internal server error; a connection reset; an empty response; a TLS error; a timeout; a redirect; an invalid JSON; a 400
"""),
}
