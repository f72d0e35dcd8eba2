"""What people tell a help desk about devices, apps, log-ins, homes and cars, in English. It sounds like debugging and is none."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.nothing import NOTHING
from classifier_data.subjects import split

SAID: Final[Mapping[str, str]] = {
    NOTHING: r"""
my {gadget} {ails}
my {gadget} {ails} <again|since last week|since the update|when it is plugged in|after I dropped it>
the {gadget} {ails}, <please help|can you help|help me fix it|please fix this|can someone fix it|I need it today|nothing helps>
the {gadget} in <room {m}|reception|the meeting room|our branch|the warehouse|the canteen> {ails}
the {gadget} {ails}, <is it broken|does it need repair|can it be repaired|who can repair it>
our {appliance} {ails}
our {appliance} {ails} and <the landlord does nothing|there is water everywhere|we have guests tonight|it is still under warranty>
the {appliance} <shows|displays|blinks with> <error|fault|code> <E{m}|F{n}|{m}|{n}> <and stops|and beeps|after every start|>
the {gadget} <shows|reports|gives me|says> <error|error code|fault> <{n}|0x{n}|E{m}> <when I turn it on|and then nothing|every morning|>
the {appliance} is <leaking|broken|dead|blocked|stuck> <again|since {day}|on one side|>
{app} {appfails}
{app} {appfails} <on my {gadget}|on my phone|since the new version|whenever I travel|at work>
{app} {appfails}, <please fix|fix it please|please help|how annoying|I already reinstalled it|and I have a call in ten minutes>
your app {appfails}
your app {appfails} <on my {gadget}|since I updated it|on the train>, <please fix|fix it|this is annoying|please do something>
the <app|website|shop|portal|site> of <my bank|the school|the insurance|the airline|the gym|the city> {appfails}
the {service} <crashed|hung|froze|gave an error> while I <was booking a seat|was filling in the form|looked for a hotel|sent my application|topped up my card>
<error|an error> while <paying|booking|checking in|signing up|topping up my card>, <did it go through|what about my money|do I have a seat>
I <get|got|keep getting> an error <message|> when I <pay my bill|book a table|open my ticket|check in for my flight|register my {gadget}|renew my {plan}>
there is an error on <my ticket|your price list|my boarding pass|your map|the timetable|my delivery note>
I can't <get into|log on to|reach|open> <{app}|the {service}|my {login}>
I can't <get into|log on to|log in to> <{app}|the {service}|my {login}>, <it says wrong PIN|it says user not found|it keeps asking for a code|the page stays empty|it says too many attempts>
I can't log in <any more|from home|with my new phone|on the tablet>, <it just says error|it says my account does not exist|it refuses the PIN|please reset it>
the log-in <to {app}|to the {service}|page of the {service}|> <fails|is not working|doesn't work|does nothing|gives an error|goes round in circles>
my <password|PIN|user name|security code|passkey> <is wrong|doesn't work|is refused|was not accepted|has run out|is not recognised> <for {app}|at the {service}|on my {gadget}|>
it <says|claims|tells me> that my <password|PIN|mail address|card number|birthday|phone number> is <wrong|not known|not allowed|taken|too short>
<the code|the confirmation mail|the link|the text message> <never comes|has run out|doesn't open|leads nowhere>, I can't <sign up|confirm my address|get in>
my {login} is <locked|blocked|disabled|gone> <after the holidays|because I typed a wrong PIN|since I changed my name|>
please <unlock|reset|restore> my {login}
the {service} <shows|gives me|answers with> <error {n}|error 404|error 500|page not found|not allowed|session over|a blank page> when I <look at my bill|change my address|print my ticket|hand in my form|open my mails|book a course>
the {service} <won't|does not> <let me in|take my PIN|show my documents|remember me|send the code|open on my {gadget}|accept my new number>
the {service} <throws me out|keeps loading|goes blank|turns in circles|is empty|asks me to sign in> <again and again|after I enter my PIN|when I go on|every time|>
I <pressed|press|clicked|tap> <send|pay|confirm|next|the button> <in the {service}|in {app}|on your site> and <nothing happens|it starts all over|everything is gone|it only says error>
<permission|entry|access> <is refused|is missing|was taken away> for <the share of my department|the {service}|a document of my colleague|my {login}>
<face unlock|the finger scan|the security question|my staff card|the one-time code|the authenticator> <fails|is rejected|does not work|never works> <at the {service}|on my {gadget}|for {app}|>
no access to <my {login}|the {service}|the shared mailbox|the team calendar> <since I changed teams|from abroad|>
my {carpart} {carfails}
the {carpart} {carfails} <on the motorway|in the rain|since the last service|when I turn left>
my <car|van|motorbike|scooter|e-bike> <stalls|jerks|pulls to the left|smells of petrol|won't go into reverse|shakes at high speed|beeps and will not move>
<a warning light|the oil light|the brake light> <is on|blinks|came on> <on my way to work|after the wash|since {day}|>
the <gift card|coupon|discount code|voucher code|bonus points> <is not accepted|doesn't work|is refused|shows as used|was not applied> <in the {service}|online|in your shop|at the counter|>
<paying|payment> <by card|with my phone|by direct debit> <fails|does not work|is impossible|is refused> <in your shop|on your site|at the pump|>
my <order|basket|booking|reservation> <disappeared|shows the wrong date|cannot be changed|is shown twice|won't go through>
I <installed|updated|bought> {app} and now <my mails are gone|nothing prints|the sound is gone|it asks for a key|everything is in French>
I <spilled tea on|dropped|sat on|washed> my {gadget} and now it {ails}
please fix <the heating|my bill|the door|my name on the ticket|the broken lift|my delivery address|the price|the lamp in the hall>
<fix|repair> my <{gadget}|{appliance}|bike|glasses|roof|watch strap>
<someone|somebody> has to <fix|repair|look at> <our {appliance}|my {gadget}|the {carpart}|the wifi>
<no|there is no> <sound|picture|signal|dial tone|hot water|internet|ink|power> on <my {gadget}|the {appliance}|floor {m}|the ground floor>
<printer|phone|screen|wifi|mail|VPN|badge|log-in> <problem|problems|trouble|issue|error>, <room {m}|urgent|please call me|since {day}>
<ticket|incident>: {gadget} {ails}, user <cannot work|waits|called twice>
wifi <drops|is down|is weak|asks for a password|keeps failing> <in the bedroom|at the hotel|on the train|on my {gadget}>
the internet <drops|is down|is slow|stops> <every evening|when it rains|in the garden|> and the <box|modem> {ails}
I have a <problem|fault|bug|glitch|issue> with <my {gadget}|{app}|the {appliance}|my {login}>
not working: <my {gadget}|the {appliance}|{app}|the {service}>
<the {gadget}|the {appliance}|{app}> is not working <properly|at all|again>, <what now|please advise|send someone|I need help>
""",
    "question_answering": r"""
how do I fix <a {gadget} that {ails}|my {gadget}|the {appliance}|a slow {gadget}|a {appliance} that {ails}>?
how <do|can> I <fix|repair|unblock|descale|reset|clean> <a {appliance}|the {appliance}|my {gadget}|my {carpart}>?
how can I fix <the sound|the wifi|the picture|the time> on my {gadget}?
how <do|can> I <stop|keep> <my {gadget} from switching off|{app} from opening by itself|the {appliance} from leaking|the {carpart} from squeaking>?
how <do|can> I <get|bring> my <photos|contacts|mails|files> <back|off a broken {gadget}|to a new {gadget}>?
how do I <connect|pair|set up|turn off|restart|update|install> <my {gadget}|a {gadget}|the {appliance}|{app}|{app} on my {gadget}>?
how do I <get back into|unlock|recover|log in to> <my {login}|{app}|the {service}>?
how do I solve <error {n}|code E{m}|fault F{n}> on <my {gadget}|the {appliance}|the {carpart}>?
why does my {gadget} keep {doing}?
why does <my {gadget}|our {appliance}|the {carpart}> <keep {doing}|make that noise|get so hot|switch itself off|smell burnt|beep>?
why does {app} keep {doing}?
why does <{app}|your app|the {service}> <close|crash|freeze|stop|sign me out> <on my {gadget}|when I scroll|after the update|at every start>?
why is <my {gadget}|{app}|the {appliance}|the {service}> <so slow|so loud|not working|not responding|offline|in another language|always asking for a password>?
why won't <my {gadget}|the {appliance}|{app}|my {carpart}> <start|open|turn on|connect|switch off|update|print|play>?
why <is|was> my <PIN|password|card|voucher|ticket> <refused|not accepted|rejected> <at the {service}|online|at the gate>?
my {gadget} {ails}, <how do I fix it|how can I fix it|what can I do|what's wrong|what is the problem|how do I solve this|any idea why>?
the {appliance} {ails}, <how to fix it|what can I do|what's wrong with it|what could it be|is that dangerous>?
{app} {appfails}, <how do I fix this|how to solve it|what can I do|what's wrong|any ideas>?
what does <error {n}|code E{m}|the red light|fault {m}|the yellow triangle> <on my {gadget}|on the {appliance}|in {app}|on my dashboard> mean?
what <can|should> I do <when|if> <my {gadget} {ails}|{app} {appfails}|the {appliance} {ails}|I can't log in>?
what's wrong with <my {gadget}|the {appliance}|my {carpart}|{app}>? it {ails}
what causes <a {gadget} to overheat|a {appliance} to leak|{app} to freeze|the {carpart} to squeak>?
is <{app}|the {service}|your website> down <today|right now|for everybody|in {place}>?
is it <safe|normal> that <my {gadget}|the {appliance}> <gets hot|hums|smells|blinks all night>?
which cable do I need for <my {gadget}|the {appliance}>?
where <can|do> I <have my {gadget} repaired|find the serial number of my {gadget}|download the driver for my {gadget}|change my password for {app}>?
who <repairs|fixes|services> <{gadget}s|{appliance}s|the {appliance}> <in {place}|near me|here|>?
does the warranty cover a {gadget} that {ails}?
do I need a new {gadget} if it {ails}?
should I repair or replace a {appliance} that {ails}?
""",
}
"""What stands as it is, by task."""

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "gadget": split("""
printer; laser printer; scanner; laptop; MacBook; PC; computer; phone; iPhone; Android phone; tablet; iPad; monitor; screen; keyboard; mouse; headset; earbuds; speaker; webcam; smartwatch; fitness tracker; TV; TV box; remote; router;
modem; projector; docking station; charger; power bank; USB stick; hard drive; camera; e-reader; game console; label printer; cash register; card terminal; desk phone; copier; fax; smart speaker; doorbell; door lock; badge reader
"""),
    "ails": split("""
won't turn on; does not start; has no sound; has no picture; is very slow; is frozen; freezes; crashes; crashes all the time; hangs; makes a clicking noise; beeps; overheats; doesn't charge; loses the connection; won't connect; does nothing;
shows an error; says out of toner; says offline; stops after a minute; restarts every hour; turns itself off; does not react; flickers; is stuck; blinks green; doesn't print; prints only half of the page; prints everything twice; is not found; is not recognised;
has a blue screen; asks for a PIN; shows stripes; goes dark; is not working; doesn't work; stopped working; fails; smells burnt; rattles; is dead; vibrates; has no signal; runs hot; needs a new battery; won't update
"""),
    "appliance": split("""
washing machine; dryer; oven; microwave; kettle; fridge; freezer; stove; hob; heater; radiator; boiler; thermostat; shower; sink; tap; toilet; drain; vacuum cleaner; robot vacuum; lawn mower; blind; alarm system; smoke detector; lamp; light switch; socket;
lift; air conditioner; extractor hood; mixer; sewing machine; coffee grinder; espresso machine; garden pump; gate; intercom; solar panel; heat pump; water meter
"""),
    "app": split("""
Word; PowerPoint; Outlook; Excel; Teams; Zoom; WhatsApp; Spotify; Netflix; Photoshop; Acrobat; Chrome; Safari; Firefox; Windows; OneDrive; Dropbox; Skype; Gmail; Facebook; Instagram; YouTube; my mail program; my browser; my calendar; the bank app; the train app;
the weather app; the travel app; the fitness app; my antivirus; the map; the game; the app; the delivery app; the pharmacy app; the payment app; the photo app; the messenger; the TV app; the time sheet program; the booking program
"""),
    "appfails": split("""
crashes; keeps crashing; freezes; hangs; won't open; doesn't open; closes by itself; is slow; is stuck; shows an error; gives an error; shows nothing; shows a black screen; won't load; doesn't load my pictures; does not start; does not save; lost my notes; stops responding;
asks for my password all the time; signs me out; sends no messages; doesn't show my ticket; does not sync; won't install; fails to update; says I am offline; says try again; says the file is damaged; has no sound; can't find my printer; is not working; doesn't work; stopped working;
doesn't accept my card; has a bug; is full of bugs; drains my battery; shows the wrong date; sends everything twice
"""),
    "doing": split("""
crashing; freezing; beeping; disconnecting; turning off; shutting down; losing signal; overheating; blinking; leaking; stopping; asking for my password; signing me out; going offline; making noises; jamming; showing an error; getting stuck; switching channels;
running all night; tripping the fuse; dropping calls; failing to print; playing the same song
"""),
    "service": split("""
web shop; customer area; ticket shop; booking page; online bank; tax portal; library site; student portal; staff portal; company network; VPN; intranet; mailbox; parking machine; self-checkout; job portal; patient portal; webmail; learning platform; fuel pump; check-in machine
"""),
    "login": split("""
account; mail account; work account; user account; login; Windows login; profile; customer account; school account; Apple ID; Google account; online banking; SIM card; membership account; staff card; mailbox
"""),
    "carpart": split("""
engine; clutch; brake; gearbox; battery; windscreen wiper; car radio; window; boot; seat heating; airbag light; headlight; exhaust; steering wheel; horn; fuel cap; air con; parking sensor; bike light; car key; sat nav; charging cable
"""),
    "carfails": split("""
squeaks; is stuck; doesn't work; rattles; fails; won't open; won't close; makes a noise; stops while I drive; is dead; flickers; is loose; smells; needs repair; is broken; leaks; blinks; gives an error; has a fault; overheats; turned off by itself
"""),
}
