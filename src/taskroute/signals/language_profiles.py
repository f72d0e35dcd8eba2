"""What tells languages apart: common short words, letters of their own, and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _profiles(**listed: str) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({code: frozenset(words.split()) for code, words in listed.items()})


STOP_WORDS: Final = _profiles(
    en="""the of and to in is it that for you was with on are as this be at have from or by not but what all were we when your can said
        there an each which she do how their if will about out many then them these so some her would make him into has two more my no
        does why who please write give could should me i a us our its than did am""",
    de="""der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird
        bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei ich du wir
        mir mich dir diesen diese dieser dieses was warum wer wo bitte kann mein meine ins dein uns""",
    fr="""le la les de des du et en un une que est pour qui dans par sur pas au plus ce il ne se sont avec cette son ses ou mais comme nous
        vous leur aux elle tout fait été ont je tu mon ma mes ces être cet quel quelle quels sans où à comment pourquoi est-ce ai dit ça""",
    es="""de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ya este sí porque esta entre cuando
        muy sin sobre también me hasta hay donde quien desde todo nos qué cuál cómo dónde ser son tiene estos esto mi tu está eres cuánto""",
    it="""di che e la il un a per in una non sono è si da con le del della i al gli nel dei come ma più alla lo ho questo se anche delle
        questa ci mi io nella qual qual'è quale dalla suo ha degli sul sulla era dove perché cosa stai tuo mio dopo tutti all""",
    pt="""de que e o a do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou quando muito nos já eu
        também só pelo pela até isso ela entre depois sem mesmo aos qual são você este esta meu minha está foi tem num é onde texto ao será foram neste nesta isto esse essa seus suas ter há ainda então sobre terça feira pra todos""",
    nl="""de en van het een in is dat op te zijn met voor niet aan er om ook als dan maar bij uit nog naar heeft ze hij wordt door over deze
        dit die wat ik je jij we wij kan geen meer tot mijn waar hoe waarom worden werd onder hebben moet zal zin naar""",
    pl="""w i na z do się nie że jest o jak po to co ale od za przez dla są tym tego był czy już tylko jego jej ich być może oraz ten ta te
        ze jaka jaki jakie mnie mi mam przy pod która który które bardzo gdzie dlaczego proszę""",
    sv="""och i att det som en på är av för med den till inte har de ett om han men var jag sig från vi så kan när hon under också efter
        eller nu där hur vad varför mig du din min detta denna dessa följande vill skulle blir mycket""",
    da="""og i at det en den til er som på de med af for ikke der var et jeg har fra vi så kan han om hvad men også efter eller nu hvor
        hvordan hvorfor mig du din min dette denne disse skal ville bliver meget blev hun sig være mod når""",
    no="""og i det en den til er som på de med av for ikke der var et jeg har fra vi så kan han om hva men også etter eller nå hvor
        hvordan hvorfor meg du din min dette denne disse skal ville blir mye ble hun seg være mot når å noen""",
    fi="""ja on ei se että oli hän mutta ovat kun niin kuin myös tai joka mitä mikä olen sen sitä ole tämä tämän tässä minä sinä miten
        miksi missä mutta vain jos voi ovat jotka kanssa mukaan sekä olla nyt vielä""",
    tr="""ve bir bu da de için ile çok ne olarak daha gibi en olan var ama kadar mi mı ben sen o değil nasıl neden nedir ki sonra her
        olduğu bunu şu veya ya hangi nerede kim lütfen""",
    cs="""a se v na je že s z do o to i ve jako k pro si ale jsem po by byl jsou od za tak také jak co která který které jeho jsme bylo
        před při není nebo když kde proč prosím mi ten tato toto""",
    ro="""și în de la cu pe a este nu un o că din care mai pentru ce sau sunt fi se au al ale dar prin cum lui ei am fost după acest această
        unei unui despre când unde cine te rog îmi mea meu ori""",
    hu="""a az és hogy nem is egy ez van meg csak de már ha mint ki volt azt vagy el én te mi ezt milyen hogyan miért hol kell lehet után
        még nagyon minden amely ami aki ezek fel le be kérem ezt""",
    id="""yang dan di ke dari ini itu untuk dengan tidak pada adalah dalam akan saya anda kami kita apa atau juga bisa ada oleh sebagai
        karena lebih telah sudah bagaimana mengapa siapa tersebut kalimat tolong mereka seperti""",
    vi="""và của là có không cho các được người một trong này với những để đã khi tôi bạn cũng như về từ làm gì đến nào hãy thì ở sang
        tại sao vào ra nhưng""",
)
"""Language to the short words that are common in it."""

LETTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "de": "ß", "es": "ñ¿¡", "pt": "ãõ", "pl": "łąężźćśń", "hu": "őű", "tr": "ğış", "cs": "řěů", "ro": "șțăşţ",
        "vi": "đơưạảấầẩậắằẵặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "fr": "œç", "sv": "å", "da": "øæ", "no": "øæå",
    }
)  # fmt: skip
"""Language to letters that few others have."""

SCRIPTS: Final[tuple[tuple[int, int, str], ...]] = (
    (0x0370, 0x03FF, "el"), (0x0400, 0x052F, "cyrillic"), (0x0531, 0x058F, "hy"), (0x0591, 0x05F4, "he"), (0x0600, 0x06FF, "arabic"),
    (0x0750, 0x077F, "arabic"), (0x0900, 0x097F, "hi"), (0x0980, 0x09FF, "bn"), (0x0A00, 0x0A7F, "pa"), (0x0A80, 0x0AFF, "gu"),
    (0x0B80, 0x0BFF, "ta"), (0x0C00, 0x0C7F, "te"), (0x0C80, 0x0CFF, "kn"), (0x0D00, 0x0D7F, "ml"), (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"), (0x0E80, 0x0EFF, "lo"), (0x1000, 0x109F, "my"), (0x10A0, 0x10FF, "ka"), (0x1100, 0x11FF, "ko"),
    (0x1200, 0x137F, "am"), (0x1780, 0x17FF, "km"), (0x1F00, 0x1FFF, "el"), (0x3040, 0x30FF, "kana"), (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"), (0xAC00, 0xD7A3, "ko"), (0xF900, 0xFAFF, "han"), (0x20000, 0x323AF, "han"),
)  # fmt: skip
"""First and last code point of a script, and its language, or its name where several languages share it. In ascending order."""

CYRILLIC_LETTERS: Final = (("be", "ў"), ("uk", "іїєґ"), ("sr", "ћђљњј"), ("mk", "ѓќѕ"), ("ru", "ыэё"))
CYRILLIC_WORDS: Final = _profiles(
    ru="в не что с по как это для из у так но за все его то от мне этот эта о при или какой какая где кто почему пожалуйста был если",
    bg="на да се за е от че с това са по как или не му той тя съм какво къде кой защо моля беше ще при бъде този тази във със",
    uk="на не що з як це для та у до але за його або чи мені цей ця про при який яка де хто чому будь ласка був якщо в й",
)
URDU_LETTERS: Final = "ٹڈڑےںھہ"
PERSIAN_LETTERS: Final = "پچژگکی"
