"""Phrasings in other languages that the classifier covers; and languages and noise of which it is to say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GERMAN: Final[Mapping[str, str]] = {
    "code_generation": """
Schreibe eine {lang}-Funktion, die {a}.
Schreib mir ein Skript in {lang}, das {a}
Programmiere <eine Klasse|ein kleines Spiel|eine REST-API|einen Webserver> in {lang}
Erstelle <eine SQL-Abfrage|einen regulären Ausdruck|ein Dockerfile|einen Unit-Test> für {t}
Implementiere <eine Warteschlange|einen Binärbaum|Quicksort> in {lang}
Wie schreibe ich in {lang} eine Funktion, die {a}?
Ich brauche Code, der {a}
""",
    "code_editing": """
Refaktoriere diesen Code:\\n{code}
Füge <Kommentare|Typannotationen|Tests|Logging> zu dieser Funktion hinzu\\n{code}
Schreibe dieses Skript von {lang} nach {lang} um
Mach diesen Code <schneller|lesbarer|kürzer>\\n{code}
Benenne die Variable `{identifier}` in `{identifier}` um
Optimiere die folgende Abfrage\\n{code}
""",
    "debugging": """
Warum <wirft|liefert> dieser Code <einen Fehler|{failure}>?\\n{code}
Finde den Fehler in meinem <Skript|Code|Programm>\\n{code}
Mein Programm stürzt ab, {failure}
Behebe den Bug in dieser Funktion
Ich bekomme die Fehlermeldung {failure}, was ist falsch?
Mein {tool} <startet nicht|hängt|bricht ab>, woran liegt das?
""",
    "math": """
Löse die Gleichung {equation}
Berechne {expression}
Berechne <das Integral|die Ableitung|den Grenzwert> von {calculus}
Wie viel ist {m} mal {n}?
Anna hat {n} Äpfel und gibt {m} davon ab. Wie viele hat sie noch?
Ein Zug fährt {n} km in {m} Stunden. Wie weit kommt er in {m} Stunden?
Beweise, dass <die Wurzel aus 2 irrational ist|es unendlich viele Primzahlen gibt>.
Wie groß ist <die Fläche|der Umfang> eines Kreises mit Radius {m}?
""",
    "data_analysis": """
Analysiere diese Daten und beschreibe <den Trend|die Auffälligkeiten>\\n{table}
Welche Region hat laut Tabelle das höchste Wachstum?\\n{table}
Vergleiche den Umsatz pro <Monat|Filiale|Quartal> und erkläre die Unterschiede\\n{table}
Finde Ausreißer in diesem Datensatz\\n{table}
Werte die Umfrage aus und sag mir, was auffällt
Analysiere den Datensatz und nenne mir <die Trends|Zusammenhänge|die wichtigsten Erkenntnisse>
Berechne den Durchschnitt pro <Monat|Region> aus dieser Tabelle\n{table}
""",
    "multi_step": """
Plane eine {m}-tägige Reise nach <Portugal|Wien|Japan> mit Budget und Tagesplan
Erstelle einen Projektplan für {t} mit Phasen, Verantwortlichen und Risiken
Entwickle eine Strategie für <den Markteintritt|die Migration|den Umzug> mit Zeitplan und Kosten
Recherchiere {t}, vergleiche die Möglichkeiten und empfiehl dann eine
Wie gehen wir bei <dem Umbau|der Einführung eines CRM> am besten vor, und in welcher Reihenfolge?
Erstelle einen Schritt-für-Schritt-Plan für <die Gründung eines Cafés|den Umzug|eine Konferenz>
Organisiere ein <Teamtreffen|Sommerfest> für {n} Personen mit Ablauf und Kosten
""",
    "long_form": """
Schreibe <eine E-Mail|einen Brief|eine Nachricht> an <meinen Vermieter|meinen Chef|eine Kundin> wegen {t}
Schreib einen <Aufsatz|Artikel|Blogbeitrag|Bericht> über {t}
Verfasse <ein Anschreiben|eine Pressemitteilung|eine Rede|eine Stellenanzeige>
Formuliere eine <höfliche|freundliche|formelle> Antwort auf diese Mail
Entwirf <einen Vertrag|einen Newsletter|eine Kündigung>
Schreib mir einen <Aufsatz|Text|Bericht> zum Thema {t}
Hilf mir bei einem Bewerbungsschreiben
""",
    "creative": """
Schreibe <ein Gedicht|eine Kurzgeschichte|ein Märchen|ein Lied|ein Haiku> über {t}
Erzähl mir <eine Geschichte|einen Witz|ein Märchen> über <einen Drachen|eine Katze|den Mond>
Erfinde <einen Namen für meine Band|eine Figur|eine Sage>
Denk dir einen Slogan für <eine Bäckerei|ein Café> aus
""",
    "summarization": """
Fasse den folgenden Text zusammen:\\n{de}
Fass mir <das Protokoll|den Artikel|die E-Mail> kurz zusammen
Was sind die wichtigsten Punkte in diesem Text?\\n{de}
Gib mir eine kurze Zusammenfassung <in drei Sätzen|>\\n{de}
Kürze den Text auf das Wesentliche: {de}
""",
    "translation": """
Übersetze den Text ins <Englische|Französische|Spanische>: {de}
Wie sagt man "{everyday}" auf <Englisch|Spanisch|Deutsch>?
Was heißt "{everyday}" auf <Deutsch|Französisch>?
Übersetze aus dem Englischen ins Deutsche: {passage}
""",
    "extraction": """
Extrahiere alle <Namen|Daten|Beträge|Adressen> aus dem Text\\n{de}
Liste alle <Orte|Personen|Termine> auf, die im Text vorkommen\\n{de}
Gib <Absender und Datum|Preis und Menge> als JSON zurück\\n{de}
Welche <Namen|Zahlen> kommen in diesem Brief vor?\\n{de}
Finde alle <Telefonnummern|E-Mail-Adressen|Namen|Daten> im folgenden Text\n{de}
Ziehe die <Rechnungsnummer|Summen> heraus\n{de}
""",
    "classification": """
Ist diese Bewertung positiv oder negativ? {de}
Klassifiziere die Nachricht als <Spam oder kein Spam|Beschwerde oder Frage>: {de}
Ordne das Ticket einer Kategorie zu: <Technik, Vertrieb oder Rechnung>\\n{de}
Welche Stimmung hat dieser Text?\\n{de}
Kategorisiere diese <Ausgaben|Tickets|Kommentare> nach <Art|Thema|Dringlichkeit>
""",
    "question_answering": """
Was ist {t}?
Warum <schnurren Katzen|fallen im Herbst die Blätter>?
Wer hat <Faust geschrieben|Amerika entdeckt>?
Wie funktioniert {t}?
Erkläre mir {t}
Wie hoch ist <der Eiffelturm|die Zugspitze>?
Was ist die Hauptstadt von <Peru|Kanada|Kenia>?
Kontext: {de}\\n\\nFrage: Was steht dort über den Preis?
Beantworte die Frage anhand des Textes: {de} Frage: Wann war das?
Beantworte die Frage mit Hilfe des Kontexts
Wie viele Einwohner hat <Berlin|Peru>?
Wann <endete der Krieg|fiel die Mauer>?
""",
    "conversation": """
Hallo
Hallo, wie geht es dir?
Guten Morgen!
Danke, das war sehr hilfreich
Wer bist du?
Mir ist langweilig
Tschüss, bis morgen
Ich hatte einen schlechten Tag
Erzähl mir etwas über dich
Alles klar, danke dir
""",
}

FRENCH: Final[Mapping[str, str]] = {
    "code_generation": """
Écris une fonction {lang} qui {f}.
Écris un script {lang} pour {fi}
Génère <une requête SQL|une expression régulière|un test unitaire|un Dockerfile>
Comment écrire en {lang} une fonction qui {f} ?
Crée <une classe|un composant|une API REST|un petit jeu> en {lang}
""",
    "code_editing": """
Refactorise ce code\\n{code}
Ajoute <des commentaires|des tests|des annotations de type> à cette fonction\\n{code}
Convertis ce script de {lang} en {lang}
Rends ce code plus <rapide|lisible|court>\\n{code}
""",
    "debugging": """
Pourquoi ce code <plante-t-il|lève-t-il {failure}> ?\\n{code}
Corrige l'erreur dans <ce code|cette fonction|mon script>\\n{code}
Mon programme plante avec {failure}
Trouve le bug dans ce script\\n{code}
J'obtiens l'erreur {failure}, que faire ?
Pourquoi mon <script|programme> génère-t-il une exception ?
Ce code provoque une erreur, pourquoi ?\n{code}
""",
    "math": """
Résous l'équation {equation}
Calcule {expression}
Calcule <la dérivée|l'intégrale|la limite> de {calculus}
Combien font {m} fois {n} ?
Marie a {n} pommes et en donne {m}. Combien lui en reste-t-il ?
Démontre que <racine de 2 est irrationnelle|la somme de deux nombres pairs est paire>
""",
    "data_analysis": """
Analyse ces données et décris <la tendance|les anomalies>\\n{table}
Quelle région a la plus forte croissance d'après ce tableau ?\\n{table}
Compare les ventes par <mois|magasin|trimestre>\\n{table}
Trouve les valeurs aberrantes dans ce jeu de données\\n{table}
Analyse ce jeu de données et dis-moi quelles tendances tu vois
Calcule la moyenne par <mois|région> dans ce tableau\n{table}
""",
    "multi_step": """
Planifie un voyage de {m} jours <à Lisbonne|au Japon> avec budget et itinéraire
Élabore un plan de projet pour {ft} avec étapes, risques et calendrier
Fais des recherches sur {ft}, compare les options puis recommande la meilleure
Quelle stratégie pour {ft}, et dans quel ordre ?
Crée un plan étape par étape pour <ouvrir un café|organiser une conférence|déménager>
Organise un séminaire de {m} jours pour {n} personnes
""",
    "long_form": """
Écris <un courriel|une lettre|un message> à <mon patron|un client> au sujet de {ft}
Rédige <un article|une dissertation|un rapport|une lettre de motivation> sur {ft}
Rédige <un communiqué de presse|un discours|une offre d'emploi>
Écris un billet de blog sur {ft}
""",
    "creative": """
Écris <un poème|une histoire|un conte|une chanson|un haïku> sur {ft}
Raconte-moi <une histoire|une blague> sur <un dragon|un chat|la lune>
Invente <un personnage|un nom pour mon groupe|une légende>
Trouve un slogan pour <une boulangerie|un café>
""",
    "summarization": """
Résume le texte suivant :\\n{fr}
Résume <cet article|ce courriel|ce document> en trois phrases
Quels sont les points essentiels de ce texte ?\\n{fr}
Fais un résumé de ce chapitre\\n{fr}
""",
    "translation": """
Traduis ce texte en <anglais|allemand|espagnol> : {fr}
Traduis en français : {passage}
Comment dit-on "{everyday}" en <anglais|italien|français> ?
Peux-tu traduire ceci en anglais ? {fr}
""",
    "extraction": """
Extrais <les noms|les dates|les montants|les adresses> de ce texte\\n{fr}
Liste toutes les <personnes|villes|dates> mentionnées\\n{fr}
Renvoie <le nom et la date|le prix et la quantité> au format JSON\\n{fr}
Extraire <tous les noms|les dates|les adresses email> du texte suivant\n{fr}
Trouve <toutes les dates|les numéros de téléphone> dans ce texte\n{fr}
""",
    "classification": """
Cet avis est-il positif ou négatif ? {fr}
Classe ce message comme <spam ou non spam|plainte ou question> : {fr}
Quelle est la catégorie de ce ticket : <technique, vente ou facturation> ?\\n{fr}
Quel est le sentiment exprimé dans ce texte ?\\n{fr}
Catégorise ces <tickets|commentaires|messages> par <thème|urgence>
Étiquette chaque phrase\n{fr}
""",
    "question_answering": """
Qu'est-ce que {ft} ?
Qui a <peint la Joconde|écrit Les Misérables> ?
Pourquoi les chats ronronnent-ils ?
Quelle est la capitale <du Pérou|du Canada|de l'Australie> ?
Comment fonctionne {ft} ?
Explique-moi {ft}
Contexte : {fr}\\n\\nQuestion : quel est le prix ?
Réponds à la question <à partir du|en utilisant le> contexte
Combien d'habitants a Paris ?
Quand <la guerre a-t-elle fini|le mur est-il tombé> ?
""",
    "conversation": """
Bonjour
Salut, ça va ?
Merci beaucoup, c'était très utile
Qui es-tu ?
Bonne nuit
Je m'ennuie
Au revoir, à demain
J'ai passé une mauvaise journée
""",
}

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "t": (
        "die Photosynthese",
        "das Internet",
        "den Herbst",
        "künstliche Intelligenz",
        "die Römer",
        "Kaffee",
        "den Klimawandel",
        "ein Paket",
        "die Inflation",
        "Elektroautos",
        "die Heizung",
        "Datenschutz",
        "den Urlaub",
        "schwarze Löcher",
    ),
    "a": (
        "eine Liste sortiert",
        "Duplikate entfernt",
        "eine CSV-Datei einliest",
        "prüft, ob eine Zahl prim ist",
        "Bilder verkleinert",
        "eine E-Mail verschickt",
        "zwei Listen zusammenführt",
        "JSON in CSV umwandelt",
    ),
    "ft": (
        "la photosynthèse",
        "l'intelligence artificielle",
        "le chauffage",
        "les voitures électriques",
        "l'automne",
        "le café",
        "le changement climatique",
        "l'inflation",
        "la Révolution française",
        "les trous noirs",
        "un remboursement",
        "le déménagement",
    ),
    "f": (
        "trie une liste",
        "supprime les doublons",
        "lit un fichier CSV",
        "inverse une chaîne de caractères",
        "vérifie si un nombre est premier",
        "fusionne deux tableaux",
        "valide une adresse email",
    ),
    "fi": ("trier une liste", "télécharger des images", "lire un fichier CSV", "renommer des fichiers", "envoyer un courriel"),
    "de": (
        "Das Werk wurde 1974 eröffnet und beschäftigt etwa 400 Menschen. Der Umsatz stieg im letzten Jahr um acht Prozent.",
        "Ich habe die Kopfhörer vor zwei Wochen gekauft, und die linke Seite ist schon kaputt. Sehr enttäuschend.",
        "Die Sitzung beginnt am Dienstag um zehn Uhr. Frau Weber bringt die Zahlen mit, Herr Lang lädt die Gäste ein.",
        "Das Hotel war sauber, das Frühstück hervorragend und das Personal freundlich. Wir kommen gerne wieder.",
        "Rechnung 4711: zwei Lampen, ein Stuhl, zusammen 219,90 Euro, Lieferung am 3. Juni nach Köln.",
    ),
    "fr": (
        "L'usine a ouvert en 1974 et emploie environ 400 personnes. Le chiffre d'affaires a augmenté de huit pour cent.",
        "J'ai acheté ce casque il y a deux semaines et le côté gauche ne marche déjà plus. Très déçu.",
        "La réunion commence mardi à dix heures. Mme Martin apportera les chiffres.",
        "L'hôtel était propre, le petit déjeuner excellent et le personnel aimable.",
        "Facture 4711 : deux lampes, une chaise, 219,90 euros, livraison le 3 juin à Lyon.",
    ),
}
