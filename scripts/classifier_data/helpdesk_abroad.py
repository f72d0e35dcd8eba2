"""What a help desk is told in other languages, and faults of code and servers told as plainly."""

# ruff: noqa: E501 - a phrasing is a line, however long

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.nothing import NOTHING

_GERMAN: Final[Mapping[str, str]] = {
    NOTHING: r"""
<Mein|Der> {degerat} <startet nicht|geht nicht mehr an|stürzt ständig ab|hat keinen Ton|meldet einen Fehler|wird heiß|verliert die Verbindung>
{deapp} <stürzt ab|öffnet sich nicht|zeigt einen Fehler|hängt|meldet mich ab|spielt nichts ab> <seit dem Update|auf meinem Tablet|ständig|>
Ich <kann mich nicht anmelden|komme nicht ins Portal|bin ausgesperrt>, <da steht falsche PIN|der Code kommt nicht an|bitte helfen Sie mir>
<Die Heizung|Der Herd|Die Spülmaschine|Der Kühlschrank|Das Auto> <zeigt Fehler E{m}|springt nicht an|tropft|macht ein komisches Geräusch>
<Mein Gutschein|Die Zahlung|Die Bestellung> <funktioniert nicht|wird abgelehnt|bricht mit einem Fehler ab>
Bitte <beheben Sie den Fehler in meiner Rechnung|reparieren Sie die Klingel|reparieren Sie den {degerat}>
""",
    "question_answering": r"""
Wie <repariere|entkalke|verbinde> ich <den {degerat}|die Kaffeemaschine|meinen Fernseher>?
Warum <geht mein {degerat} von selbst aus|lädt mein {degerat} nicht|ist {deapp} so langsam|piept der Rauchmelder>?
{deapp} geht nicht mehr, <woran liegt das|wie behebe ich das|was nun>?
""",
    "debugging": r"""
Mein {code2} <wirft eine Ausnahme|liefert das falsche Ergebnis|hängt in einer Endlosschleife|läuft nur auf dem CI nicht>, <warum|woran liegt das|wo ist der Fehler>?
Warum <kompiliert mein {code2} nicht|gibt die Methode null zurück|ist die Variable undefiniert|schlägt der Test fehl>?
<Der Server|Der Container|Die Datenbank|Unser Dienst> <antwortet mit 500|startet nach dem Deployment nicht|verweigert die Verbindung>, was soll ich prüfen?
Finde den <Fehler|Bug> in <meiner {lang}-Klasse|der Abfrage|der Schleife|meinem {lang}-Code>
""",
}

_FRENCH: Final[Mapping[str, str]] = {
    NOTHING: r"""
Mon {frappareil} <ne démarre pas|se bloque|n'a plus de son|affiche une erreur|chauffe|se déconnecte sans arrêt>
{frappli} <plante|ne s'ouvre pas|se ferme toute seule|affiche une erreur|est bloquée> <depuis la mise à jour|sur ma tablette|>
Je n'arrive plus à <me connecter au portail|ouvrir ma session|entrer>, <le code n'arrive pas|il dit code faux|aidez-moi>
<La chaudière|Le four|Le frigo|La voiture> <affiche le code E{m}|ne démarre plus|fuit|fait un bruit bizarre>
<Mon bon d'achat|Le paiement> <est refusé|ne passe pas|donne une erreur>
""",
    "question_answering": r"""
Comment <réparer|détartrer|connecter> <mon {frappareil}|la cafetière|la machine à laver> ?
Pourquoi <mon {frappareil} se bloque-t-il|mon {frappareil} ne charge pas|le détecteur sonne-t-il> ?
{frappli} ne marche plus, <comment faire|d'où ça vient|comment réparer ça> ?
""",
    "debugging": r"""
<Mon|Ce> {code2} <lève une exception|renvoie un mauvais résultat|boucle sans fin|échoue seulement sur le CI>, <pourquoi|où est l'erreur> ?
Pourquoi <mon {code2} ne compile pas|la méthode renvoie null|la variable est indéfinie|le test échoue> ?
<Le conteneur|La base de données|Notre service> <répond 500|ne démarre pas après le déploiement|refuse la connexion>, que vérifier ?
Trouve le bug dans <ma classe {lang}|la requête|la boucle>
""",
}

_SPANISH: Final[Mapping[str, str]] = {
    NOTHING: r"""
Mi {esaparato} <no arranca|se bloquea|no tiene sonido|muestra un error|se calienta|pierde la conexión>
{esappli} <se cierra sola|no abre|muestra un error|está bloqueada> <desde la actualización|en mi tableta|>
No puedo <iniciar sesión|entrar en el portal>, <el código no llega|dice PIN incorrecto|ayúdenme>
<La caldera|El horno|La nevera|El coche> <muestra el código E{m}|no enciende|gotea|hace un ruido raro>
<Mi vale|El pago> <no funciona|es rechazado|da error>
""",
    "question_answering": r"""
¿Cómo <arreglo|conecto|limpio> <mi {esaparato}|la cafetera|la lavadora>?
¿Por qué <mi {esaparato} se bloquea|mi {esaparato} no carga|pita el detector>?
{esappli} no funciona, ¿<cómo lo soluciono|qué hago|a qué se debe>?
""",
    "debugging": r"""
<Mi|Este> {code2} <lanza una excepción|da un resultado equivocado|entra en un bucle infinito|falla solo en CI>, ¿<por qué|dónde está el error>?
¿Por qué <no compila mi {code2}|el método devuelve null|la variable no está definida|falla la prueba>?
<El contenedor|La base de datos|Nuestro servicio> <responde 500|no arranca tras el despliegue|rechaza la conexión>, ¿qué reviso?
Encuentra el bug en <mi clase {lang}|la consulta|el bucle>
""",
}

_ITALIAN: Final[Mapping[str, str]] = {
    NOTHING: r"""
Il mio <computer|cellulare|televisore|router> <non si accende|si blocca|mostra un errore|non ha audio>
L'app <si chiude da sola|non si apre|mostra un errore> <dopo l'aggiornamento|>
<La lavatrice|La caldaia|L'auto> <mostra il codice E{m}|non parte|perde acqua>
""",
    "question_answering": r"""
Perché <il mio computer si spegne|la stampante non stampa|l'app si blocca>?
Come <riparo|collego> <il televisore|la lavatrice|le cuffie>?
""",
    "debugging": r"""
Il mio {code2} <lancia un'eccezione|restituisce null|va in loop>, <perché|dov'è l'errore>?
Perché <il mio {code2} non compila|il test fallisce|il container non parte>?
""",
}

_PORTUGUESE: Final[Mapping[str, str]] = {
    NOTHING: r"""
O meu <computador|celular|televisor|roteador> <não liga|trava|mostra um erro|está sem som>
O aplicativo <fecha sozinho|não abre|mostra um erro> <desde a atualização|>
<A máquina de lavar|A caldeira|O carro> <mostra o código E{m}|não liga|está vazando>
""",
    "question_answering": r"""
Por que <o meu computador desliga|o aplicativo trava|o celular não carrega>?
Como <conserto|ligo> <o televisor|a máquina de lavar|os fones>?
""",
    "debugging": r"""
O meu {code2} <lança uma exceção|devolve null|entra em loop>, <por quê|onde está o erro>?
Por que <o meu {code2} não compila|o teste falha|o container não sobe>?
""",
}

_DUTCH: Final[Mapping[str, str]] = {
    NOTHING: r"""
Mijn <computer|telefoon|televisie|router> <gaat niet aan|loopt vast|geeft een foutmelding|heeft geen geluid>
De app <sluit zichzelf af|opent niet|geeft een fout> <sinds gisteren|>
<De wasmachine|De ketel|De auto> <toont code E{m}|start niet|lekt>
""",
    "question_answering": r"""
Waarom <gaat mijn computer vanzelf uit|loopt de app vast|laadt mijn telefoon niet op>?
Hoe <repareer|verbind> ik <de televisie|de wasmachine|mijn koptelefoon>?
""",
    "debugging": r"""
Mijn {code2} <gooit een exception|geeft null terug|blijft hangen in een lus>, <waarom|waar zit de fout>?
Waarom <compileert mijn {code2} niet|faalt de test|start de container niet>?
""",
}

LANGUAGES: Final = (_GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH)

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "degerat": ("Laptop", "Bildschirm", "Scanner", "Router", "Fernseher", "Lautsprecher", "Computer", "Kopfhörer"),
    "deapp": ("Die Bank-App", "Das Mailprogramm", "Der Browser", "Die Bahn-App", "Word", "Der Kalender", "WhatsApp"),
    "frappareil": ("portable", "écran", "scanner", "téléviseur", "routeur", "casque", "imprimante"),
    "frappli": ("La messagerie", "L'appli de la banque", "L'appli du train", "La carte"),
    "esaparato": ("portátil", "monitor", "escáner", "televisor", "router", "altavoz", "móvil"),
    "esappli": ("La aplicación del banco", "La app del tren", "La agenda"),
    "code2": ("Python code", "Java code", "backend", "unit test", "parser", "API client", "script Bash", "code C++", "SQL trigger"),
}
