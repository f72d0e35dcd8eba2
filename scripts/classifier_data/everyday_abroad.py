"""What people write to shops, banks, offices and doctors in other languages, and how they ask for their prose to be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classifier_data.nothing import NOTHING

_GERMAN: Final[Mapping[str, str]] = {
    NOTHING: r"""
<Mir wurde|Ihr habt mir> <die Rate|der Betrag|{dething}> <zweimal|zu viel|schon wieder> <abgebucht|berechnet>
Mein <Konto|Zugang|Profil> <ist gesperrt|wurde gehackt|zeigt einen falschen Betrag>
{dething} <ist kaputt|kam beschädigt an|funktioniert nicht mehr|hat die falsche Größe|ist nie angekommen|fehlt im Paket>
Das Paket <ist verloren gegangen|liegt beim Nachbarn|hängt beim Zoll|kam zu spät>
Ich <möchte|will> <mein Geld zurück|eine Erstattung|mich beschweren|den Vertrag beenden|einen Mitarbeiter sprechen|{dething} umtauschen>
Ich <komme nicht in mein Konto|habe meine PIN vergessen|finde meine Rechnung nicht|erreiche niemanden|warte seit {m} Wochen auf {dething}>
<Bitte|> <löschen Sie mein Konto|senden Sie mir die Rechnung|rufen Sie mich zurück|sperren Sie meine Karte|stornieren Sie die Buchung>
<Der Aufzug|Die Heizung|Der Kopierer|Das WLAN> <geht nicht|ist ausgefallen|ist seit Montag defekt|macht Geräusche>
Ich habe seit {m} Tagen <Husten|Rückenschmerzen|Fieber|einen Ausschlag>
Mein <Vermieter|Chef|Nachbar> <hat mir gekündigt|zahlt nicht|antwortet nicht>
Ich brauche <einen Termin beim Arzt|einen Tisch für vier Personen|drei Tage frei|einen neuen Ausweis>
<Korrigiere|Verbessere|Berichtige> <die Rechtschreibung|die Grammatik|die Kommas|meinen Satz|meinen Brief>: {deslips}
<Prüfe|Überprüfe|Lies> <diesen Text|meinen Aufsatz|meine Bewerbung|meine Mail> <auf Fehler|auf Grammatik und Rechtschreibung|auf Tippfehler>
<Lies|Lese> <meine Bewerbung|diesen Text|meine Hausarbeit> Korrektur
Ist dieser Satz richtig? {deslips}
Welche Fehler sind in diesem Satz: {deslips}
Setze die fehlenden Kommas: {deslips}
Du bist <ein freundlicher Assistent|der Kundendienst von {company}|ein Experte für {t}>.
""",
    "question_answering": r"""
Wie kann ich <{dething} zurückgeben|meinen Vertrag ändern|meine Adresse ändern|mein Passwort zurücksetzen|den Termin verschieben>?
Wann <kommt mein Paket|öffnet ihr|bekomme ich mein Geld|wird das Gehalt gezahlt|läuft mein Vertrag aus>?
Wo finde ich <meine Rechnung|die Kundennummer|den Gutscheincode|das Formular>?
Warum <ist meine Rechnung so hoch|wurde meine Karte abgelehnt|ist meine Lieferung verspätet>?
Was kostet <der Versand|ein Upgrade|die Reparatur|die Stornierung>?
Liefert ihr auch nach <Österreich|Polen>?
Habe ich Anspruch auf <eine Entschädigung|Urlaub|Garantie|eine Pause>?
Kann ich <in Raten zahlen|meinen Hund mitbringen|{dething} auch später umtauschen|von zu Hause arbeiten>?
Darf mein <Vermieter|Chef> <die Miete erhöhen|meine Mails lesen|mir den Lohn kürzen>?
Ist {dething} <wasserdicht|auch in Blau erhältlich|auf Lager|für Kinder geeignet>?
Wie viele <Urlaubstage|Koffer|Krankheitstage> <habe ich|darf ich mitnehmen>?
Darf man <Aspirin mit Alkohol nehmen|mit Fieber arbeiten|mit Husten Sport machen>?
""",
    "conversation": r"""
<Hallöchen|Servus|Moin|Grüß dich>
<Na|Guten Tag|Hey>, <wie läuft's|alles klar bei dir|was machst du gerade>?
<Bist du noch da|Kann ich dich etwas fragen|Was kannst du>?
<Mir ist langweilig|Ich bin heute traurig|Das war nett von dir|Ich freue mich so>
""",
    "long_form": r"""
<Formuliere|Schreibe> <das|diese Nachricht> <freundlicher|formeller|höflich|weniger scharf>: {deblunt}
Mach diese Mail <höflicher|förmlicher|netter>: {deblunt}
Antworte <dem Kunden|der Kundin|dem Vermieter>, dass <wir zusagen|ich krank bin|die Ware unterwegs ist>
""",
    "debugging": r"""
Korrigiere <den Fehler in diesem Code|diese Abfrage|das Skript>: {code}
Berichtige die Syntax: {code}
""",
}

_FRENCH: Final[Mapping[str, str]] = {
    NOTHING: r"""
<J'ai été débité|Vous m'avez facturé> <deux fois|trop|encore> <pour {frthing}|ce mois-ci>
Mon <compte|accès|espace client> <est bloqué|a été piraté|affiche un mauvais montant>
{frthing} <est cassé|est arrivé abîmé|ne marche plus|n'est pas à la bonne taille|manque dans le paquet>
Ma commande <est en retard|est perdue|est arrivée incomplète|reste à la douane>
Je <veux|voudrais> <être remboursé|faire une réclamation|parler à un conseiller|mettre fin au contrat|un échange>
Je <n'arrive pas à me connecter|ne trouve pas ma facture|ne reçois aucune réponse|attends depuis {m} semaines>
<Supprimez mon compte|Envoyez-moi la facture|Rappelez-moi|Bloquez ma carte|Annulez ma réservation>
<L'ascenseur|Le chauffage|La photocopieuse|Le wifi> <est en panne|ne fonctionne pas|fait du bruit>
J'ai <de la fièvre|mal au dos|une toux|des boutons> depuis {m} jours
Mon <propriétaire|patron|voisin> <refuse de payer|m'a licencié|ne répond pas>
Je voudrais <une table pour quatre|un rendez-vous chez le dentiste|prendre trois jours de congé>
<Corrige|Corrigez|Vérifie> <l'orthographe|la grammaire|mon texte|cette phrase|la ponctuation> : {frslips}
<Relis|Vérifie|Corrige> <mon mail|ce texte|ma dissertation|mon CV> <et dis-moi les fautes|s'il te plaît|>
Cette phrase est-elle correcte ? {frslips}
Quelles sont les erreurs dans cette phrase : {frslips}
Tu es <un assistant sympathique|le service client de {company}|un expert en {fr}>.
""",
    "question_answering": r"""
Comment <retourner {frthing}|changer d'adresse|modifier mon contrat|réinitialiser mon mot de passe|suivre ma commande> ?
Quand <arrive mon paquet|ouvrez-vous|serai-je remboursé|suis-je payé> ?
Où puis-je trouver <ma facture|mon numéro de client|le formulaire> ?
Pourquoi <ma facture est-elle si élevée|ma carte est-elle refusée|ma livraison a-t-elle du retard> ?
Combien coûte <la livraison|la réparation|un bagage en plus> ?
Livrez-vous <en Belgique|en Suisse> ?
Est-ce que je peux <payer en plusieurs fois|venir avec mon chien|travailler de chez moi|rendre {frthing}> ?
Mon <propriétaire|employeur> peut-il <augmenter le loyer|lire mes mails|refuser mes congés> ?
{frthing} <est-il étanche|existe-t-il en bleu|est-il garanti> ?
Combien de jours de <congé|maladie> ai-je ?
Peut-on <prendre de l'aspirine avec de l'alcool|faire du sport avec de la fièvre> ?
""",
    "conversation": r"""
<Coucou|Bonsoir tout le monde|Re-bonjour>
<Bonjour|Coucou|Bonsoir>, <tu vas bien|quoi de neuf|comment allez-vous|bien dormi> ?
<Tu es là|Je peux te poser une question|Tu fais quoi> ?
<Je m'ennuie|Je suis triste aujourd'hui|C'est gentil>
""",
    "long_form": r"""
<Rends|Écris> ce message plus <aimable|formel|courtois|doux> : {frblunt}
<Réécris|Dis> cela <poliment|de manière plus formelle|avec plus de tact> : {frblunt}
Réponds <au client|à ma cliente|au propriétaire> que <nous acceptons|je suis malade|le colis est parti>
""",
    "debugging": r"""
Corrige <l'erreur dans ce code|cette requête|ce script> : {code}
Corrige la syntaxe : {code}
""",
}

_SPANISH: Final[Mapping[str, str]] = {
    NOTHING: r"""
<Me cobraron|Me habéis cargado> <dos veces|de más|otra vez> <por {esthing}|este mes>
Mi <cuenta|tarjeta|perfil> <está bloqueada|fue hackeada|muestra un importe equivocado>
{esthing} <está roto|no funciona|llegó dañado|no es de mi talla|no ha llegado todavía|falta en el paquete>
El paquete <se perdió|llega tarde|está en la aduana|llegó abierto>
<Quiero|Quisiera> <que me devuelvan el dinero|poner una queja|hablar con una persona|dar de baja el contrato|un cambio>
<No me deja iniciar sesión|No encuentro mi factura|Nadie me responde|Llevo {m} semanas esperando>
<Borren mi cuenta|Envíenme la factura|Llámenme|Bloqueen mi tarjeta|Anulen mi reserva>
<El ascensor|La calefacción|La fotocopiadora|El wifi> <no funciona|está averiado|hace ruido>
Tengo <fiebre|tos|dolor de espalda|una erupción> desde hace {m} días
Mi <casero|jefe|vecino> <no quiere pagar|me ha despedido|no contesta>
Quisiera <una mesa para cuatro|una cita con el médico|tres días libres>
<Corrige|Corrija|Revisa> <la gramática|las faltas|mi texto|esta frase|la puntuación>: {esslips}
<Revisa|Corrige> <mi correo|este texto|mi redacción|mi currículum> <y dime los errores|por favor|>
¿Es correcta esta frase? {esslips}
¿Qué errores hay en esta frase?: {esslips}
Eres <un asistente amable|el servicio de atención de {company}|un experto en {es}>.
""",
    "question_answering": r"""
¿Cómo puedo <devolver {esthing}|cambiar mi dirección|modificar mi contrato|recuperar mi contraseña|seguir mi envío>?
¿Cuándo <llega mi paquete|abren|me devuelven el dinero|me pagan>?
¿Dónde <encuentro mi factura|está mi número de cliente|pongo el cupón>?
¿Por qué <es tan alta mi factura|rechazan mi tarjeta|se retrasa mi envío>?
¿Cuánto cuesta <el envío|la reparación|una maleta extra>?
¿Envían a <México|Portugal>?
¿Puedo <pagar a plazos|llevar a mi perro|trabajar desde casa|cambiar {esthing} más tarde>?
¿Puede mi <casero|jefe> <subir el alquiler|leer mis correos|negarme las vacaciones>?
¿Tengo derecho a <una indemnización|vacaciones|garantía>?
¿{esthing} <es impermeable|está disponible en azul|tiene garantía>?
¿Se puede <tomar aspirina con alcohol|hacer deporte con fiebre>?
""",
    "conversation": r"""
<Buenas|Qué hay|Muy buenas>
<Buenas|Buenos días|Hey>, ¿<qué tal|cómo te va|todo bien|qué cuentas>?
¿<Estás ahí|Te puedo preguntar algo|Qué haces>?
<Me aburro|Hoy estoy triste|Qué amable>
""",
    "long_form": r"""
<Haz|Escribe> este mensaje más <amable|cortés|educado|profesional>: {esblunt}
<Di|Reescribe> esto <con más tacto|de manera formal|con educación>: {esblunt}
Responde <al cliente|a la clienta|al casero> que <aceptamos|estoy enfermo|el pedido ha salido>
""",
    "debugging": r"""
Corrige <el error de este código|esta consulta|este script>: {code}
Corrige la sintaxis: {code}
""",
}

_ITALIAN: Final[Mapping[str, str]] = {
    NOTHING: r"""
Mi avete addebitato <due volte|troppo> <il canone|l'ordine>
<Il pacco|L'ordine> <non è arrivato|è arrivato rotto|è in ritardo>
Il mio conto <è bloccato|mostra un importe sbagliato>
Voglio <un rimborso|fare un reclamo|parlare con un operatore|disdire il contratto>
<Non riesco ad accedere|Non trovo la fattura|Ho perso la tessera>
<La stampante|L'ascensore|Il riscaldamento> <non funziona|è guasto>
Ho <la febbre|la tosse|mal di schiena> da {m} giorni
<Correggi|Controlla> <la grammatica|l'ortografia|questa frase|il mio testo>: Io ho andato a casa e lui sono stanco.
Rileggi <la mia lettera|il mio testo> e correggi gli errori
Sei <un assistente gentile|il servizio clienti di {company}>.
""",
    "question_answering": r"""
Come posso <restituire un articolo|disdire|cambiare indirizzo|recuperare la password>?
Quando <arriva il pacco|aprite|riceverò il rimborso>?
Perché <la bolletta è così alta|la carta è stata rifiutata>?
Posso <pagare a rate|portare il cane|lavorare da casa>?
Quanto costa <la spedizione|la riparazione>?
""",
    "conversation": r"""
<Salve|Buonasera|Ehi>, <come va|tutto bene|che fai di bello>?
<Mi annoio|Che gentile|Oggi sono triste>
""",
}

_PORTUGUESE: Final[Mapping[str, str]] = {
    NOTHING: r"""
Cobraram-me <duas vezes|a mais> <este mês|pelo pedido>
<O pacote|A encomenda> <não chegou|chegou com defeito|está atrasado>
Minha conta <está bloqueada|mostra um valor errado>
Quero <um reembolso|reclamar|falar com um atendente|encerrar o contrato>
<Não consigo entrar|Não encontro a fatura|Perdi o meu cartão>
<A impressora|O elevador|O aquecedor> <não funciona|está com defeito>
Estou com <febre|tosse|dor nas costas> há {m} dias
<Corrija|Verifique> <a gramática|a ortografia|esta frase|o meu texto>: Nós vai na praia ontem e eles foi também.
Revise <a minha carta|o meu texto> e corrija os erros
Você é <um assistente simpático|o atendimento da {company}>.
""",
    "question_answering": r"""
Como posso <devolver um produto|cancelar|mudar o endereço|recuperar a senha>?
Quando <chega a encomenda|abrem|recebo o reembolso>?
Por que <a fatura está tão alta|recusaram o meu cartão>?
Posso <pagar em parcelas|levar o cachorro|trabalhar de casa>?
Quanto custa <o frete|o conserto>?
""",
    "conversation": r"""
<Boa tarde|Oi|Ei>, <como vai|tudo certo|o que conta>?
<Que gentil|Hoje estou triste>
""",
}

_DUTCH: Final[Mapping[str, str]] = {
    NOTHING: r"""
Er is <twee keer|te veel> afgeschreven <deze maand|voor mijn bestelling>
<Het pakket|De bestelling> <is niet aangekomen|is kapot aangekomen|is te laat>
Mijn account <is geblokkeerd|toont een verkeerd bedrag>
Ik wil <mijn geld terug|een klacht indienen|een medewerker spreken|het contract opzeggen>
<Ik kan niet inloggen|Ik vind mijn factuur niet|Ik ben mijn pas kwijt>
<De printer|De lift|De verwarming> <doet het niet|is kapot>
Ik heb al {m} dagen <koorts|hoest|rugpijn>
<Verbeter|Controleer> <de grammatica|de spelling|deze zin|mijn tekst>: Hij hebben gisteren een boek gekoopt.
Lees <mijn brief|mijn tekst> na en haal de fouten eruit
Je bent <een vriendelijke assistent|de klantenservice van {company}>.
""",
    "question_answering": r"""
Hoe kan ik <een artikel terugsturen|opzeggen|mijn adres wijzigen|mijn wachtwoord herstellen>?
Wanneer <komt het pakket|zijn jullie open|krijg ik mijn geld terug>?
Waarom <is de rekening zo hoog|is mijn kaart geweigerd>?
Mag ik <in termijnen betalen|mijn hond meenemen|thuis werken>?
Wat kost <de verzending|de reparatie>?
""",
    "conversation": r"""
<Goedemiddag|Hé|Dag>, <hoe is het|alles goed|wat doe je>?
<Wat aardig|Ik ben vandaag verdrietig>
""",
}

LANGUAGES: Final = (_GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _DUTCH)

SLOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "dething": ("die Jacke", "der Wasserkocher", "das Handy", "der Stuhl", "die Lampe", "die Tasche", "das Fahrrad"),
    "frthing": ("le manteau", "le téléphone", "le fauteuil", "le vélo", "le sac", "l'ordinateur"),
    "esthing": ("el abrigo", "el teléfono", "el sillón", "el bolso", "el ordenador", "el reloj"),
    "deslips": (
        "Wir hat gestern ein Haus gekauft.",
        "Das Wetter sind schön und ich geht spazieren.",
        "Er gibt mich das Buch",
        "ich hab das fergessen weil ich war müde",
    ),
    "frslips": (
        "Nous avons manger trop de gateau.",
        "Elle est aller a la plage hier",
        "Les enfant joue dans la jardin.",
        "Je veut que tu vient",
    ),
    "esslips": ("Nosotros fue al cine ayer.", "La niños esta jugando", "Yo a comido muchas manzana", "Me gusta los perro"),
    "deblunt": ("Das ist Unsinn.", "Gib mir die Unterlagen.", "Du bist zu spät.", "Wir nehmen Sie nicht."),
    "frblunt": ("Envoie le dossier.", "Ton idée est nulle.", "Vous êtes en retard.", "Payez la facture."),
    "esblunt": ("Paga la factura.", "Tu idea es mala.", "Llegas tarde.", "No te queremos en el equipo."),
}
