"""How people just talk, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ORDERS: Final[Mapping[str, str]] = {
    "conversation": """
tell me about yourself
tell me your name
tell me something <nice|fun|interesting>
chat with me <for a bit|about your day|>
talk to me, I'm <bored|sad|lonely>
cheer me up
wish me luck
keep me company
call me <Tom|Captain|by my first name> from now on
say hi to {person}
say that again
repeat that
""",
}

SAID: Final[Mapping[str, str]] = {
    "conversation": """
hi
hello
hello there
hey
hey, how are you?
hi, how's it going
good morning
good evening!
good night
what's up
how are you today?
how was your day?
how have you been
nice to meet you
thanks
thank you so much
thanks, that was helpful
thank you, you're the best
ok
okay, got it
ok cool
cool, thanks
yes
yes please
no
no thanks
nope, that's all
sure
great!
perfect, thank you
sounds good
that's fine
never mind
sorry, my mistake
I see
I don't think so
maybe
not really
lol
haha that's funny
you are funny
you're so <smart|kind|helpful|annoying>
who are you?
what's your name?
what is your name
are you a <robot|human|real person|bot>?
do you have <feelings|friends|a family|hobbies>?
do you like <music|pizza|{noun}s|me>?
do you dream?
who made you?
where are you from?
how old are you?
what can you do?
what do you think of {topic}?
what's your favourite <colour|movie|food|song>?
I feel <sad|lonely|great|tired|nervous> today
I'm so <tired|bored|happy|excited|stressed>
I'm having a <bad|rough|great|long> day
I had a <terrible|lovely|weird> day at work
I just <got engaged|passed my exam|lost my job|moved to {place}|had lunch|woke up>!
I love <Fridays|my new {noun}|you>
I miss my <dog|friends|grandmother>
my <dog|cat|boyfriend|sister> is <so cute|ill|driving me crazy>
it's raining again here
guess what, I <won|got the job|saw a {noun}>!
can we talk?
can we just chat?
let's talk about <something else|life|{topic}>
tell me more
really?
wow
you too
bye
see you later
goodbye, have a nice day
have a great weekend
what did you just say?
can you repeat that?
I disagree with you
that's not what I meant
please be nicer
you there?
happy birthday to me
merry christmas
long time no see
Good morning, did you sleep well?
how did you sleep?
I feel lonely tonight, can we talk a bit?
let's pretend you are my friend and chat
thank you, that was great
thanks so much for your help yesterday
hope you're well
I can't sleep
do you ever get <tired|lonely|bored|angry>?
what a day
don't you have anything better to do?
I think my <boss|neighbour> hates me
can i call you <Max|buddy>?
how's the weather where you are?
what languages do you speak?
what are you doing right now?
change your name to <Alex|Robin>
yes, go ahead
i want you to call me <Sam|the boss>
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {}
