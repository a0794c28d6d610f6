"""Words of three languages that say nothing about what is wanted, and words that say much about how it is meant.

Read by `bot.planner.choice`, `bot.planner.doubts` and `bot.planner.typos`. What the things themselves are called stands in the
packs, as aliases: never here.
"""

import re


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


ENGLISH = _words(
    "a able about above actually again ahead all almost already also always am an and another any anybody anyone anything",
    "anyway appreciated are aren't around as asap ask at available away back badly be because been before being below best",
    "bit both briefly but by can can't cheers come could couldn't currently day dear did do does doesn't doing done down each",
    "easily either else enough ever every exact exactly far few find first following for from full fully further get getting",
    "give given gives go goes going good got grateful great had happen happened happening happens has have haven't having he",
    "hear hello her here hey hi him his hope how however i if immediately in indeed info information instead into is",
    "isn't it its itself just kind kindly know last lately latest least left let like line list listing little look looking lot",
    "love mainly many may maybe me mind moment morning most much must my myself near nearly need needed needs next",
    "nice nope note nothing now number of often ok okay on once one ones only onto or other our out over own",
    "particular perhaps please pls plz possible present pretty print provide question quick quickly quite rather really recent",
    "recently regarding remain remaining remains report right running same say see seem seems she should show showing so",
    "some somebody someone something soon sorry still such sure take taken tell than thank thanks that the their them then",
    "there these they thing things this those though thx time to today together too total towards trouble u under until up upon",
    "us used using very via view wanna want wants was way we week weekend well were what whatever whats when where whether which",
    "while who whole whom whose why will wish with within without won't wonder wondering would wouldn't yeah yes yet you your",
    "yours actually afternoon afraid amount apparently appreciate assume awfully basically beautiful believe besides boss bother",
    "certain certainly chk current exist exists existing heavily heavy idea obliged ok ran regards situation somewhere check checking colleague colleagues concerned configured correctly curious customers detail details",
    "different display displayed evening examine fact facts fairly feel feeling feels fetch figure figures general generally",
    "glad glance gone grateful greetings guess guys happy having heard high honestly hope hopefully hoping huge inspect",
    "interested into issue learn low main mighty normal obliged obviously otherwise output overall overview peek people",
    "presently probably problem problems properly real result results retrieve review seen simply slow slowly somehow strange",
    "strangely summary suspect talk terribly tried try trying type understand unfortunately useful usually value values view",
    "view views weird wonderful worried wrong yesterday",
)
"""A request may hold any of these beside the words of the capability that it means."""

CHAT = _words(
    "asap atm bot bro btw buddy cool cuz damn dude dunno everybody everyone ffs folks fyi gimme gonna gotta guys haha hm hmm",
    "hmmm idk imo infra kinda lemme lol m8 mate man nah okey omg oh outta pal parley pleaase plox ppl quick rn sec sir sth smth",
    "sup team thanx there tho ta ty tyvm ur w wanna wassup whatcha whats wtf ya yea yep yo",
)

GERMAN = _words(
    "aber alle allen aller alles als also am an andere anderen auch auf bei beim bin bis bist bitte bräuchte brauche da",
    "danke dann das dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch du durch ein",
    "eine einem einen einer eines einfach er es etwas euch für gab gar geben gerade gern gerne gib gibt ganz grad grüße guten",
    "habe haben hallo hast hat hätte heute hi hier ich ihm ihn ihr ihre im in ins ist ja jede jedem jeden jeder jetzt kann",
    "kannst könnte könnten könntest können kurz liebe lieber liste mal man mein meine mich mir mit möchte möchten moin",
    "momentan morgen muss na nach namens nenn nenne noch nun nur oder ob sag sage schau schon sehen sei seid sein seine seit",
    "sie siehe sind so sollte solche sowie steht stehen tag über überhaupt übrig um und uns unser unsere viel viele vielen",
    "vom von vor wann war wäre warum was weil welche welchem welchen welcher welches wem wen wenn wer werden wie wieder wieso",
    "will willst wir wird wo wohl würde würden würdest wurde zeig zeige zeigen zeigst zu zum zur zurzeit zusammen aktuell",
    "aktuelle aktuellen an ein letzte letzten letzter letztes zeilen zeile heißt abend anzeigen anzeige ansehen auskunft bereits",
    "bisher chef denn derzeit eigentlich erfahren etwa freundlich freundlicherweise genau hallöchen herzlichen immer kollege",
    "kollegen leute lieben lässt lassen mittag nett nämlich schauen schnell sehr servus stark störe ungefähr verraten vielen",
    "vielleicht vorab wüsste wissen würd ziemlich zufällig übersicht werte gibts gabs gehts hats ists wars wirds obs",
)

SPANISH = _words(
    "a actual actualmente ahora al algo alguien algún alguna algunos amable aquí así aún aunque bien buenas buenos cada casi",
    "como cómo con cual cuál cuáles cuando cuándo cuanta cuánta cuantas cuántas cuanto cuánto cuantos cuántos dame de decir",
    "decirme del desde dime donde dónde día días el él ella ellos en entre era eres es esa ese eso esta está están estar este",
    "esto estos favor gracias ha haber había han hasta hay hola hoy la las le les líneas línea lista listar llama llamada",
    "llamado lleva lo los me mi mis momento mucha muchas mucho muchos muestra muéstrame muy necesito ni nos",
    "nosotros o os otra otro para pero poco podría podrías por porque posible puede pueden puedes puedo pues que qué queda",
    "quedan querer querría quería quiero quién quien saber se sea ser sería si sí sin sobre solo sólo son soy su sus también",
    "tan tanto te tener tengo tenemos tiene tienen tienes toda todas todo todos tu tú un una unas uno unos usted ver ya yo",
    "últimos últimas último última enseña enséñame ver quisiera ahorita amablemente compañero conocer consulta consultar daría",
    "enseñar exactamente gustaría indica indícame interesa jefe mostrar mostrarme muchísimas noches oye parece perdón perdona",
    "quizá quizás rápido siempre tardes tal tío verdad",
)

FUNCTION = ENGLISH | CHAT | GERMAN | SPANISH

FOREIGN = _words(
    "der das den dem ein eine einen einem einer und oder ist sind wie wer wo warum welche auf für mit von zum zur im ich du mir",
    "bitte hinzu füge zeige zeig nicht alle el la los las un una en del al por para con que qué cuál cuánto cuánta está están",
    "favor le les des une sur dans et",
)
"""Two of these and the request is not English."""

ACTS = _words(
    "delete remove drop erase wipe kill stop restart start reboot install uninstall add create rotate truncate clear clean purge",
    "disable enable format upgrade update reload rename change edit modify move resize extend close block allow mount unmount",
    "set configure renew deploy migrate reset replace run launch execute trigger boot fix repair heal increase decrease raise lower",
    "expand shrink grow reduce limit restore copy clone sync archive compress encrypt write upload download grant revoke",
    "open free kick ban unblock suspend pause revert recover rebuild build scale tune",
    "lösche entferne stoppe starte installiere leere borra borrar elimina eliminar reinicia reiniciar quita instala instalar",
    "vacía",
)
PHRASES = re.compile(
    r"\b(?:free(?:ing)?\s+(?:up|the|some|all)|open\s+(?:up|the|a|all)|clean\w*\s+up|make\s+(?:room|space)|shut\w*\s+down"
    r"|turn\w*\s+(?:on|off)|switch\w*\s+(?:on|off)|back\w*\s+up|log\w*\s+(?:in|out|on|off|into|onto)|get(?:ting)?\s+rid|throw\w*\s+(?:out|away))\b",
    re.IGNORECASE,
)
"""Two words that make a change of what one of them alone would only look at."""
LAST_ACTS = _words(
    "löschen entfernen stoppen starten neustarten installieren leeren anlegen hinzufügen ändern"
)
"""Verbs of change where German puts them: at the end."""

LEADS = _words(
    "please pls hey hi hello can could would will you i i'd we want need like to kindly just let's go and now bitte por favor",
    "kannst du puedes",
)

ASKING = _words(
    "how why what when who whom whether did does wie warum wieso weshalb wann wer was ob cómo cuándo quién qué"
)
"""Anywhere in it, and a request to change something may be no request."""
OPENING = _words(
    "is are was were has have had do should shall which where ist sind war hat haben hatte wurde soll sollte sollen welche",
    "está es fue ha han debo debería",
)
"""The same, where a sentence begins with them."""
REPORTED = _words(
    "say says said saying wrote write writes written told tells docs documentation manual ticket claims claimed heard reads",
    "sagt sagte schrieb schreibt geschrieben gesagt meinte dice dijo escribió dicho",
)
"""What others said is no wish yet."""
MAY = _words(
    "can could would will may might kannst könntest könnten können könnte würdest würden darf puedes podrías podría puede"
)
"""A wish that ends with a question mark begins so."""
LATER = _words(
    "if unless when once after before until till tomorrow tonight later remind schedule scheduled suppose supposing wenn falls",
    "sobald morgen später nachher erinnere mañana luego después cuando si recuérdame monday tuesday wednesday thursday friday",
    "saturday sunday every daily weekly",
)
"""A request to change something only then, or only if, is none to change it now."""

MEASURES = _words(
    "second seconds sec secs minute minutes min mins hour hours hr hrs day days week weeks month months year years byte bytes",
    "kb mb gb tb kib mib gib tib percent % am pm o'clock times sekunden minuten stunde stunden tag tage tagen woche wochen",
    "monat monate jahr jahre prozent uhr segundo segundos minuto minutos hora horas día días semana semanas mes meses año años",
)
"""A number before one of these is no count of lines."""

NUMBERS = {
    word: str(number)
    for number, words in (
        (2, "two zwei dos"), (3, "three drei tres"), (4, "four vier cuatro"), (5, "five fünf cinco"), (6, "six sechs seis"),
        (7, "seven sieben siete"), (8, "eight acht ocho"), (9, "nine neun nueve"), (10, "ten zehn diez"), (11, "eleven elf once"),
        (12, "twelve zwölf doce"), (15, "fifteen fünfzehn quince"), (20, "twenty zwanzig veinte"), (25, "twenty-five fünfundzwanzig veinticinco"),
        (30, "thirty dreißig treinta"), (40, "forty vierzig cuarenta"), (50, "fifty fünfzig cincuenta"), (60, "sixty sechzig sesenta"), (100, "hundred hundert cien"),
        (70, "seventy siebzig setenta"), (80, "eighty achtzig ochenta"), (90, "ninety neunzig noventa"), (1000, "thousand tausend mil"),
    )
    for word in words.split()
    if word != "once"
}  # fmt: skip
COUNTED = _words(
    "top last first latest newest biggest largest next letzte letzten ersten neuesten obersten größten últimos últimas primeros",
    "primeras the die los las",
)
"""Behind one of these such a word is a count."""
