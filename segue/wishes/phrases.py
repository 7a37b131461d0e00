"""Phrases that turn what stands beside them: negations, comparisons, praise and blame, and the kinds of turns.

Regular expressions over folded text only.
"""

from __future__ import annotations

import re

# Taken out before negations are looked for: they say the opposite, or nothing.
IDIOMS = re.compile(
    r"\b(?:not only|why not|no problem|no idea|no worries|no doubt|no matter|(?:don't|do not) (?:know|mind|care"
    r"|stop|worry)"
    r"|not sure|not bad|can't (?:get enough(?: of)?|wait|go wrong)|nothing but|no preference|(?:doesn't"
    r"|does not) matter"
    r"|don't you|isn't it|aren't they|no need|not necessarily|haven't heard|never heard)\b|^no+[,.!]\s*|^nope\b|^nah\b"
)
NEGATORS = re.compile(
    r"\b(?:anything (?:but|except)|(?:everything|everyone|everybody) (?:but|except)|spare me|no patience for"
    r"|nothing|none|no more|no|not|without|except(?: for)?"
    r"|exclud(?:e|ing)|avoid(?:ing)?|skip(?:ping)?|leave out|leaving out|remove|drop|hate|dislike|can't stand"
    r"|cannot stand"
    r"|(?:don't|do not|didn't|did not|never|won't) (?:really )?(?:want|like|play|need|care for|include|give me"
    r"|enjoy|show me)"
    r"(?: to hear)?(?: any(?: more)?)?|(?:tired|sick|bored|enough|fed up) (?:of|with)|get rid of|stop playing"
    r"|instead of"
    r"|rather than|other than|fewer|isn't|aren't|anyone but|not a (?:big )?fan of"
    r"|kein(?:e|en|er)?|ohne|nicht|sans|pas de|sin|nada de|senza|geen|zonder)\b"
)
# Negations that stand around what they refuse, or behind it.
AROUND = re.compile(
    r"\b(?:leave|keep|leaving|keeping|cut|take)\s(?P<what>.{1,60}?)\s(?:out|away|off)\b"
    r"|(?:^|[.,;!?]|\bbut\b|\band\b)(?P<before>[^.,;!?]{1,60}?)\s(?:(?:is|are) (?:not|no longer|never) (?:welcome"
    r"|wanted|allowed)"
    r"|(?:is|are) (?:unwelcome|banned|forbidden|off limits|out)|gets? on my nerves|annoys? me|must go|has to go"
    r"|can go)\b"
)
LESS = re.compile(
    r"\b(?:a bit less|much less|less|(?:is |was |are |it's |that's )?(?:way |far |a bit |a little |much |just )?too"
    r"|not (?:so|as|too|that|quite so|very)|tone down(?: the)?|weniger|menos|moins)\b"
)
MORE = re.compile(
    r"\b(?:a bit more|a little more|much more|more|even more|extra|rather|turn up(?: the)?|mehr|más|plus)\b"
)
# Where a negation ends.
TURNS = re.compile(
    r"[.;!?:]|\bbut\b|\bjust\b|\bonly\b|\binstead\b|\bmore\b|\bi(?:'d| would)? (?:want|like|love|need|prefer)\b"
    r"|\bgive me\b|\bplay(?: me)?\b|\bplease\b|\bthen\b|\bsomething\b|\bkeep\b|\bshow\b|\blet's\b|\bcan\b|\bthough\b"
    r"|\bless\b|\bfor\b|\bplus\b"
)
COMMA = re.compile(r",")

BY = re.compile(r"\b(?:by|from|of|artists?|band|singer|von|de|par)\s*(?:the\s*)?$")
LIKE = re.compile(
    r"\b(?:like|similar to|close to|in the (?:style|vein|spirit) of|style of|reminds? me of|sounds? like"
    r"|along the lines of"
    r"|such as|fans? of|who (?:like|love)|listening to|based on|compared to|think|à la|a la|wie|comme"
    r"|como)\s*(?:the\s*)?$"
)
THAN = re.compile(r"\bthan\s*(?:the\s*)?$")
NAMED = re.compile(
    r"(?:\b(?:by|from|artist|band|singer|album|song|track|record|called|named|titled|like|play|about|love|skip|not"
    r"|keep)\s*"
    r"(?:the\s*)?|[\"“”'‘]\s*)$"
)
ONLY = re.compile(r"\b(?:only|nothing but|just|exclusively)\s+(?:\w+\s+){0,2}$")
STYLE_OF_SAME = re.compile(
    r"\b(?:same|more (?:by|from|of)|else (?:by|from)|by) (?:this|that|the same|the) (?:artist|band)\b"
)
THIS_ARTIST = re.compile(r"\b(?:this|that|the|same) (?:artist|band|singer)\b|\b(?:him|her) again\b")

PRAISE = re.compile(
    r"\b(?:love[ds]?|liked?|great|perfect|exactly|keep(?:er)?|good|nice|yes|yeah|awesome|amazing|brilliant|beautiful"
    r"|excellent|favou?rite|hits the spot|spot on|more of|more like|that's it|is it|fits)\b"
)
BLAME = re.compile(
    r"\b(?:too \w+|not (?:really |quite )?(?:my thing|my taste|for me|it|right|what i meant|great|good|into)"
    r"|(?:doesn't|does not|don't|do not|didn't) (?:really )?(?:fit|like|work|suit)|boring|bad|awful|meh|sucks?|annoying"
    r"|terrible|ugly|overplayed|hate|can't stand|skip|drop|remove|dislike|wrong|out of place|no good|isn't (?:it"
    r"|right))\b"
)

_NO = (
    r"(?:no|not|nothing|none|never|without|avoid|skip|minus|zero|free of|nobody|no one|don't want|do not want"
    r"|can't have"
    r"|don't like|can't stand|leave out|hate|exclude|spare me)"
)
CLEAN = re.compile(
    rf"\b(?:{_NO}(?: [\w']+){{0,3}}? (?:explicit(?:ness)?|swear\w*|curs(?:e|es|ing)|profan\w+|dirty|bad (?:words"
    rf"|language))"
    r"(?: (?:songs?|tracks?|lyrics|words|ones|music|language))?|explicit-free"
    r"|clean (?:versions?|lyrics|songs?|ones|only|music|tracks?)|(?:keep|make|play)(?: it| them| this)? clean"
    r"|only clean"
    r"|(?:family|kids?|child|children)[- ]friendly|safe for (?:the )?(?:kids|children|work)|non[- ]explicit"
    r"|suitable for (?:the )?(?:kids|children))\b"
)
ANY_WORDS = re.compile(
    r"\bexplicit (?:ones |lyrics |songs )?(?:is|are|is totally)? ?(?:ok|okay|fine|alright|allowed)\b"
)
INSTRUMENTAL = re.compile(
    rf"\b(?:{_NO}(?: (?!instrumental)[\w']+){{0,3}}? (?:vocals?|sing(?:s|ing|ers?)?|lyrics|voices?)(?: (?:at all"
    rf"|in it|please))?"
    r"|(?:no|without) (?:any )?words|(?:purely |only )?instrumentals?(?: (?:only|music|tracks?|songs?|ones|pieces?))?"
    r"|ohne gesang|sin voz|sans paroles)\b"
)
SUNG = re.compile(
    r"\b(?:(?:no|not|without|nothing) instrumentals?|with (?:vocals?|singing|a singer|lyrics|words)"
    r"|(?<!no )(?<!without )vocals please)\b"
)
FEW_INSTRUMENTAL = re.compile(r"\b(?:less|fewer) (?:vocals?|singing|voices?)\b")

NOVELTY = re.compile(
    r"\bsurprise me\b|\bsomething (?:totally |completely |really )?(?:unexpected|surprising|new(?: to me)?|fresh"
    r"|unusual)\b"
    r"|\b(?:hidden|rare|unknown|obscure) (?:gems?|tracks?|songs?|artists?)\b|\bdeep cuts?\b|\b(?:less(?:er)?|little"
    r"|not so)[- ]"
    r"(?:well[- ])?known\b|\bobscure\b|\bunderground\b|\b(?:less|not so|not too|nothing) (?:popular|mainstream"
    r"|obvious)\b"
    r"|\b(?:i )?(?:haven't|have not|never) heard(?: of)?(?: before)?\b|\b(?:i )?(?:don't|do not) know (?:yet|already)\b"
    r"|\bdiscover (?:something|new|some)\b|\büberrasch\w*\b|\bsorpr[eé]nde?me\b|\bsurprends[- ]moi\b"
)
KNOWN = re.compile(
    r"\b(?:popular|famous|well[- ]known|mainstream|biggest|greatest) (?:ones|songs|tracks|hits)\b"
    r"|\bhits\b(?! (?:the|my|me|home|hard|different))"
    r"|\b(?:something|songs|one) (?:everyone|everybody) knows\b|\bmore popular\b"
)
KEEP = re.compile(
    r"\b(?:keep|hold|maintain)(?:ing)? (?:the|this|that) (?:mood|vibe|feel(?:ing)?|energy|atmosphere|sound|style)\b"
    r"|\bsame (?:mood|vibe|feel(?:ing)?|energy|atmosphere)\b|\bstay (?:in|with) (?:this|the|that) (?:mood|vibe)\b"
    r"|\b(?:don't|do not) change the (?:mood|vibe)\b"
)
FRESH = re.compile(
    r"\b(?:what else|anything else|some(?:thing)? else|(?:some )?others?|another|other ones|different ones|new ones"
    r"|next ones"
    r"|keep (?:them|it) coming|more of (?:that|these|this|those|it|the same|them)|more like (?:that|this|these"
    r"|those|it)"
    r"|more in that vein|(?:a few|some|\d+) more|more(?= please)|go on|keep going|not (?:these|those|them)"
    r"|none of (?:these|those)"
    r"|surprise me|continue|extend)\b|^(?:and )?(?:even )?more[.!?]*$"
)
RESET = re.compile(
    r"\b(?:start(?:ing)? (?:over|again|afresh|from scratch)|from scratch|clean slate|new topic|reset"
    r"|forget (?:that|all|everything|about (?:it|that)|it|what i said)|never mind(?: (?:that|all))?)\b"
)
# "I love X" is no wish for love, "love songs" are.
VERB_LOVE = re.compile(
    r"(?:^|\bi(?:'d)?(?: really)? |[,.;!?] *|\bwho |\band )love\b(?! (?:songs?|music|ballads?|lyrics|stor|tunes?))"
)
CHANGE = re.compile(
    r"\b(?:(?:now )?(?<!like )something (?:completely |totally |entirely |quite )?(?:different|else)"
    r"|change (?:of )?(?:direction|mood|topic|genre)"
    r"|different mood|switch to|move on to|moving on|enough of that)\b"
)

WHY = re.compile(
    r"^(?:(?:and|but|so|ok|hm+)[, ]+)*why\b|\bwhy (?:did|do|does|are|is|was|were|this|that|these|those|the|number|#"
    r"|him|her)\b"
    r"|\bhow come\b|\bwhat makes you\b|\b(?:reason|explain)\b(?! \w+ to me what)"
)
ABOUT = re.compile(
    r"\b(?:tell me (?:something |more |a bit )?about|what (?:can you tell|do you know)(?: me)? about|what(?:'s| is"
    r"| was)"
    r"|who(?:'s| is| are| sings| made| plays| wrote| recorded)|when (?:was|did|is)|what year|how (?:long|old) is"
    r"|(?:which|what) album|info(?:rmation)? (?:on|about)|what (?:kind|genre|style))\b"
)
# Questions that need a track to be about.
ABOUT_ONE = re.compile(
    r"\b(?:(?:tell|know|told) (?:me |you )?(?:something |more |a bit )?about|info(?:rmation)? (?:on|about)"
    r"|who (?:sings|made|plays|wrote|recorded)|when (?:was|did)|how (?:long|old) is) (?:the|this|that|it|number|#)"
)
ABOUT_IT = re.compile(r"\b(?:about|sings|made|plays|wrote|recorded|when (?:is|was)|long is|old is) it$")
_GREETING = (
    r"(?:hi+|hey+|hello+|hallo|hola|bonjour|ciao|yo|howdy|greetings|good (?:morning|afternoon|evening|day)|moin"
    r"|guten tag"
    r"|what's up|sup|how are you(?: doing)?(?: today)?|how's it going|there|segue|nice to meet you)"
)
_THANKS = (
    r"(?:thanks?(?: you)?(?: so much| a lot| very much)?|thx|ty|cheers|merci|danke|gracias|great|perfect|cool|nice"
    r"|lovely|awesome"
    r"|ok(?:ay)?|bye+|goodbye|see you(?: later)?|good night|that's (?:all|it|great|perfect|enough)(?: for (?:now"
    r"|today))?|done"
    r"|got it|sounds good|i'm (?:happy|good|done)(?: with (?:this|that|it|these))?|that's a good list(?: now)?"
    r"|i like (?:it|this|that"
    r"|them|these)|love it|for (?:now|today|that)|wonderful|amazing|good job|well done|alright|yes|yeah|great job"
    r"|happy with this)"
)
_SMALL = (
    r"(?:tell me a joke|who (?:are you|made you)|are you (?:a )?(?:bot|robot|human|real|ai|person)|what's your name"
    r"|what is your name"
    r"|lol|haha+|i love you|how old are you|do you like music|what's the (?:weather|time)[^?]*"
    r"|what is the (?:weather|time)[^?]*"
    r"|how are you feeling|good point|you're (?:funny|great|welcome)|sorry|oops|never mind|hm+)"
)
_HELP = r"(?:help(?: me)?|what can you do|how does (?:this|it) work|what (?:can|should|do) i (?:say|ask|do))"
_END = r"[\s,.!?:;)(&'-]*"
# Atomic groups: a text of a thousand words that nearly match is not tried in every way.
_FIRST = rf"(?>(?:(?:{_GREETING}|and|so|very|all){_END})*)"
GREET = re.compile(rf"^{_END}(?>(?:{_GREETING}{_END})+)$")
THANK = re.compile(rf"^{_END}{_FIRST}(?>(?:{_THANKS}{_END}(?:and{_END})?)+)$")
CHAT = re.compile(rf"^{_END}{_FIRST}(?>(?:{_SMALL}{_END})+)$")
HELP = re.compile(rf"^{_END}{_FIRST}(?>(?:{_HELP}{_END})+)$")
