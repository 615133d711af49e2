"""What learners and hasty writers mistake for what: the tables that `training.corrupt` draws from.

Every table leads from what is right to what people write instead. Sources: the error types of the
CoNLL-2014 and W&I annotation schemes, lists of commonly confused English words, and the calques that
teachers of English list for speakers of Romance, Slavic, Germanic and South Asian languages.
"""

from __future__ import annotations

HOMOPHONES = {
    "their": ("there", "they're"), "there": ("their",), "they're": ("their", "there"),
    "your": ("you're", "you"), "you're": ("your",), "its": ("it's",), "it's": ("its",), "then": ("than",),
    "than": ("then",), "to": ("too",), "too": ("to",), "two": ("to",), "whose": ("who's",),
    "who's": ("whose",), "where": ("were",), "were": ("where", "was"), "we're": ("were",),
    "affect": ("effect",), "effect": ("affect",), "lose": ("loose",), "loses": ("looses",),
    "losing": ("loosing",), "advice": ("advise",), "advise": ("advice",), "accept": ("except",),
    "except": ("accept",), "quite": ("quiet",), "quiet": ("quite",), "weather": ("whether",),
    "whether": ("weather",), "hear": ("here",), "here": ("hear",), "know": ("no", "now"),
    "passed": ("past",), "past": ("passed",), "principal": ("principle",), "break": ("brake",),
    "piece": ("peace",), "through": ("trough", "threw"), "though": ("tough",), "thought": ("tought",),
    "board": ("bored",), "week": ("weak",), "right": ("write",), "write": ("right",), "buy": ("by",),
    "by": ("buy",), "live": ("life",), "life": ("live",), "lives": ("lifes",), "of": ("off",),
    "off": ("of",), "choose": ("chose",), "chose": ("choose",), "practice": ("practise",), "have": ("of",),
    "fewer": ("less",), "many": ("much",), "much": ("many",), "which": ("wich", "witch"),
    "who": ("which", "what"), "that": ("what",), "thank": ("tank",), "things": ("thinks",),
    "think": ("thing",), "until": ("untill", "til"), "since": ("from", "sins"), "during": ("while", "on"),
    "another": ("an other",), "everyone": ("every one", "all"), "everybody": ("every body", "all"),
    "sometimes": ("some times", "sometime"), "because": ("becouse", "cause"), "borrow": ("lend",),
    "lend": ("borrow",), "made": ("did", "maked"), "tell": ("say",), "told": ("said", "telled"),
    "said": ("sayed",), "say": ("tell",), "remember": ("remind",), "remind": ("remember",),
    "teach": ("learn",), "watch": ("look",), "fun": ("funny",), "trip": ("travel",),
    "possibility": ("possibilty",), "currently": ("actually",), "interested": ("interesting",),
    "interesting": ("interested",), "boring": ("bored",), "worth": ("worthy",), "besides": ("beside",),
    "economical": ("economic",), "personal": ("personnel",), "personnel": ("personal",),
    "complement": ("compliment",), "compliment": ("complement",), "stationery": ("stationary",),
    "brought": ("bought", "bringed"), "bought": ("brought", "buyed"), "went": ("goed", "gone"),
    "them": ("they",), "me": ("I",), "us": ("we",), "him": ("he",), "my": ("mine",), "our": ("ours",),
    "he": ("him",), "whom": ("who",), "someone": ("some one", "somebody's"), "also": ("too",),
    "already": ("allready", "all ready"), "altogether": ("all together",), "maybe": ("may be",),
    "everyday": ("every day",), "other": ("others",), "others": ("other",), "most": ("mostly", "almost"),
    "almost": ("most",), "hard": ("hardly",), "well": ("good",), "good": ("well",),
    "better": ("more better", "gooder"), "worse": ("more bad", "worst"), "best": ("most best",),
    "easier": ("more easy", "more easier"), "cheaper": ("more cheap", "more cheaper"),
    "faster": ("more fast", "more faster"), "bigger": ("more big", "more bigger"), "older": ("more old",),
    "happier": ("more happy",), "earlier": ("more early",), "later": ("more late",),
    "sooner": ("more soon",), "longer": ("more long",), "further": ("farer",),
    "children": ("childs", "childrens"), "people": ("peoples", "persons"), "women": ("womans",),
    "men": ("mans",), "feet": ("foots",), "home": ("to home",),
}  # fmt: skip
"""A word → words mistaken for it."""

PREPOSITIONS = {
    "in": ("at", "on", "to"), "on": ("in", "at"), "at": ("in", "on", "to"), "to": ("for", "at", "in"),
    "for": ("to", "of", "since"), "of": ("from", "for", "about"), "from": ("of", "by"),
    "with": ("by", "to"), "by": ("from", "until", "with"), "about": ("of", "for", "on"), "into": ("in",),
    "during": ("in",), "between": ("among",), "until": ("to",), "within": ("in",), "since": ("for", "from"),
    "after": ("since",), "before": ("until",), "towards": ("for",), "over": ("on",), "under": ("below",),
    "against": ("to",), "without": ("with no",),
}  # fmt: skip

UNCOUNTABLE = frozenset(
    "information advice furniture equipment feedback homework research knowledge luggage baggage software "
    "hardware traffic news evidence weather progress work money music staff help access luck training "
    "behaviour behavior health pollution transportation education experience accommodation mail stuff "
    "time water electricity attention support trouble".split()
)

SPLIT_JOINED = {
    "a lot": ("alot",), "each other": ("eachother",), "thank you": ("thankyou",), "in front": ("infront",),
    "as well": ("aswell",), "at least": ("atleast",), "in fact": ("infact",), "no one": ("noone",),
    "up to date": ("uptodate",), "of course": ("ofcourse",), "every time": ("everytime",),
    "even though": ("eventhough",), "never mind": ("nevermind",), "all right": ("allright",),
    "somewhere": ("some where",), "somehow": ("some how",), "cannot": ("can not",),
    "without": ("with out",), "therefore": ("there fore",), "throughout": ("through out",),
    "whenever": ("when ever",), "anyway": ("any way",), "weekend": ("week end",), "website": ("web site",),
    "nowadays": ("now a days",), "however": ("how ever",), "inside": ("in side",), "outside": ("out side",),
    "anymore": ("any more",), "password": ("pass word",), "myself": ("my self",),
    "yourself": ("your self",), "into": ("in to",), "although": ("all though",), "instead": ("in stead",),
    "online": ("on line",), "deadline": ("dead line",), "itself": ("it self",), "whatever": ("what ever",),
    "something": ("some thing",),
}  # fmt: skip
"""Words written apart or together → the other way."""

PHRASES = {
    "look forward to hearing": ("look forward to hear",), "looking forward to": ("looking forward for",),
    "I agree": ("I am agree",), "would like to": ("would like", "like to"),
    "I would like": ("I like", "I will like"), "able to": ("possible to", "able"),
    "depends on": ("depends of", "depend from"), "interested in": ("interested on", "interested to"),
    "interest in": ("interest for",), "responsible for": ("responsible of",), "good at": ("good in",),
    "different from": ("different of",), "similar to": ("similar with",), "married to": ("married with",),
    "arrive at": ("arrive to",), "arrived at": ("arrived to",), "listen to": ("listen",),
    "wait for": ("wait",), "waiting for": ("waiting",), "asked me": ("asked to me",),
    "ask you": ("ask to you",), "told me": ("said me", "told to me"), "tell me": ("say me", "tell to me"),
    "explain to": ("explain",), "discuss the": ("discuss about the",),
    "contact you": ("contact with you", "contact to you"), "contact me": ("contact with me",),
    "call me": ("call to me",), "answer the": ("answer to the",), "enter the": ("enter in the",),
    "visit the": ("visit to the",), "reach out to": ("reach to",), "more than": ("more then", "more that"),
    "as soon as possible": ("as soon possible", "as fast as possible"), "such as": ("such like", "like as"),
    "even though": ("even", "even if"), "on the other hand": ("in other hand", "on other hand"),
    "in my opinion": ("on my opinion", "for my opinion", "in my opinion,"),
    "there are": ("there is", "there have"), "there is": ("there are", "it has", "is"),
    "there was": ("there were", "was"), "there were": ("there was",),
    "there has been": ("there have been",), "I am writing": ("I write", "I'm write"),
    "I have been": ("I am", "I was"), "has been": ("is", "was", "have been"),
    "have been": ("are", "has been"), "had been": ("was", "has been"), "used to": ("use to",),
    "is going to": ("going to", "is go to"), "are going to": ("going to",), "need to": ("need", "must to"),
    "have to": ("must to", "have"), "should be": ("should to be", "should"), "must be": ("must to be",),
    "would be": ("would",), "can be": ("can",), "will be": ("will", "is"),
    "let me know": ("let me to know",), "make sure": ("make sure to", "do sure"),
    "take care of": ("take care", "take care about"), "instead of": ("instead",),
    "in order to": ("in order", "for", "for to"), "because of": ("because",),
    "due to": ("due of", "because"), "according to": ("according",), "thanks to": ("thank to",),
    "a few": ("few", "a little"), "a little": ("little", "a few"), "a lot of": ("lot of", "much", "many"),
    "lots of": ("lot of",), "most of the": ("most of", "the most of"), "one of the": ("one of",),
    "some of the": ("some of",), "all of the": ("all of",), "the same": ("same",),
    "as a result": ("as result",), "for example": ("for exemple", "by example"),
    "at the moment": ("in this moment",), "in the morning": ("on the morning", "at morning"),
    "at night": ("in the night",), "on time": ("in time",), "on the weekend": ("in the weekend",),
    "at home": ("in home", "at the home"), "by car": ("with car", "by the car"),
    "last week": ("the last week",), "next week": ("the next week",), "two weeks": ("two week",),
    "how much": ("how many",), "how many": ("how much",), "what kind of": ("which kind",),
    "so that": ("for that",), "if you could": ("if you can", "when you could"),
    "could you please": ("you could please", "can you please to"), "do you have": ("have you", "you have"),
    "do not have": ("have not", "don't has"), "don't have": ("haven't", "not have"),
    "I don't": ("I not", "I doesn't"), "doesn't work": ("don't work", "not work"),
    "didn't": ("don't", "didn't not"), "can you": ("you can",), "are you": ("you are",),
    "is it": ("it is",), "when you": ("when will you",), "what the": ("what is the",),
    "looks like": ("look like",), "feel free": ("feel you free",), "suggest that": ("suggest to",),
    "want you to": ("want that you", "want you"), "like to know": ("like know",),
    "thank you for": ("thank you to", "thanks you for"), "apologize for": ("apologize about",),
    "sorry for": ("sorry of",), "happy to": ("happy for",), "sent me": ("sended me", "send to me"),
    "spend time": ("pass time",), "have fun": ("make fun",), "take a photo": ("make a photo",),
    "make a decision": ("take a decision", "do a decision"), "make a mistake": ("do a mistake",),
    "do research": ("make a research",), "pay attention": ("give attention",), "grow up": ("grow",),
    "get up": ("stand up",), "carry out": ("carry",),
}  # fmt: skip
"""A phrase → how learners put it."""

LOWERED = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february april june july august "
    "september october november december english german french italian spanish portuguese dutch swedish "
    "chinese japanese european american british christmas easter internet".split()
)
"""Words whose capital people forget."""

NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok",
    "o": "ipl", "p": "ol", "a": "qsz", "s": "awdx", "d": "sefc", "f": "drgv", "g": "fthb", "h": "gyjn",
    "j": "hukm", "k": "jil", "l": "kop", "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn",
    "n": "bhjm", "m": "njk",
}  # fmt: skip
"""Letters beside each other on an English keyboard."""
