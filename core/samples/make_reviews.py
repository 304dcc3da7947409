"""Build reviews/reviews.csv: the sentences of reviews/written, and as many again as fill it up from a small grammar.

    python -m core.samples.make_reviews

The same seed gives the same bytes.
"""

import csv
import io
import random
from pathlib import Path
from typing import NamedTuple

REVIEWS = Path(__file__).resolve().parent / "reviews"
TABLE = REVIEWS / "reviews.csv"
LANGUAGES = ("en", "zh")
LABELS = ("positive", "negative")
ROWS_EACH = 300
SEED = 20


class Grammar(NamedTuple):
    """What one language composes reviews from.

    `topics` maps a thing to its aspects, each as it is praised and as it is blamed. A frame names the clauses that it
    wants: {p1} praises the first of three different aspects, {b2} blames the second, {P1} and {B1} begin a sentence;
    {thing} is the thing and {verdict} one of the label's verdicts.
    """

    topics: dict[str, list[tuple[str, str]]]
    frames: dict[str, list[str]]
    verdicts: dict[str, list[str]]


ENGLISH = Grammar(
    topics={
        "café": [
            ("the coffee was strong and hot", "the coffee was weak and lukewarm"),
            ("the waiter smiled at everyone", "the waiter ignored us"),
            ("the cake was fresh", "the cake was two days old"),
            ("it was quiet enough to read", "it was too noisy to think"),
            ("the prices were fair", "the prices were a joke"),
        ],
        "train": [
            ("we left on the minute", "we left an hour late"),
            ("the seats were soft", "the seats were torn"),
            ("the carriage was clean", "the carriage was filthy"),
            ("the conductor was helpful", "the conductor was rude"),
            ("the tea from the trolley was good", "the tea from the trolley was awful"),
        ],
        "film": [
            ("the acting was wonderful", "the acting was wooden"),
            ("the story kept me awake", "the story put me to sleep"),
            ("the music was beautiful", "the music was far too loud"),
            ("the ending surprised me", "the ending made no sense"),
            ("the jokes were funny", "the jokes were stale"),
        ],
        "hotel": [
            ("the room was bright", "the room was gloomy"),
            ("the bed was comfortable", "the bed was lumpy"),
            ("the breakfast was excellent", "the breakfast was miserable"),
            ("the people at the desk were friendly", "the people at the desk were unfriendly"),
            ("the nights were silent", "the nights were loud"),
        ],
        "kettle": [
            ("it boils quickly", "it takes forever to boil"),
            ("the lid closes tightly", "the lid rattles"),
            ("the handle stays cool", "the handle gets hot"),
            ("it pours without a drop", "it drips on the table"),
            ("it looks lovely", "it looks cheap"),
        ],
        "book": [
            ("the characters feel alive", "the characters are flat"),
            ("the plot is clever", "the plot is boring"),
            ("the language is beautiful", "the language is clumsy"),
            ("the print is easy to read", "the print is tiny"),
            ("the last chapter is brilliant", "the last chapter is a letdown"),
        ],
        "jacket": [
            ("it is warm on windy days", "it is useless on windy days"),
            ("the zip runs smoothly", "the zip sticks"),
            ("the pockets are deep", "the pockets have holes"),
            ("it fits perfectly", "it does not fit anywhere"),
            ("the color has lasted", "the color washed out"),
        ],
        "restaurant": [
            ("the food was delicious", "the food was bland"),
            ("the service was quick", "the service was painfully slow"),
            ("the fish was tender", "the fish was dry"),
            ("the portions were generous", "the portions were tiny"),
            ("the bill was a nice surprise", "the bill was a nasty surprise"),
        ],
    },
    frames={
        "positive": [
            "{P1}, {p2}, and {p3}.",
            "{P1} and {p2}. {verdict}",
            "{verdict} {P1}, and {p2}.",
            "{B1}, but {p2} and {p3}. {verdict}",
            "I had read that {b1}, but {p1}. {verdict}",
            "I feared the worst from this {thing}, yet {p1} and {p2}.",
            "Even though {b1}, I was happy with this {thing}: {p2}, and {p3}.",
        ],
        "negative": [
            "{B1}, {b2}, and {b3}.",
            "{B1} and {b2}. {verdict}",
            "{verdict} {B1}, and {b2}.",
            "{P1}, but {b2} and {b3}. {verdict}",
            "I had read that {p1}, but {b1}. {verdict}",
            "I hoped for the best from this {thing}, yet {b1} and {b2}.",
            "Even though {p1}, I was unhappy with this {thing}: {b2}, and {b3}.",
        ],
    },
    verdicts={
        "positive": [
            "Highly recommended.",
            "I am very happy with my choice.",
            "Well worth the money.",
            "Not a bad choice at all.",
            "I could not ask for more.",
            "A real pleasure.",
            "Five stars from me.",
            "You will not be sorry.",
        ],
        "negative": [
            "I cannot recommend it.",
            "I am very unhappy with my choice.",
            "A waste of money.",
            "Not a good choice at all.",
            "I expected much more.",
            "A real disappointment.",
            "One star is too many.",
            "You will be sorry.",
        ],
    },
)

CHINESE = Grammar(
    topics={
        "这份外卖": [
            ("送餐很快", "送餐太慢"),
            ("饭菜还冒着热气", "饭菜早就凉了"),
            ("包装严实", "汤汁洒了一袋"),
            ("味道很香", "味道很怪"),
            ("分量很足", "分量少得可怜"),
        ],
        "这家书店": [
            ("书很全", "想找的书一本也没有"),
            ("店员热情", "店员爱理不理"),
            ("环境安静", "环境吵闹"),
            ("沙发很舒服", "连个座位都没有"),
            ("茶也好喝", "茶又贵又难喝"),
        ],
        "这家旅馆": [
            ("房间宽敞", "房间小得转不开身"),
            ("床很舒服", "床硬得睡不着"),
            ("热水很足", "热水一会儿就没了"),
            ("老板热心", "老板态度很差"),
            ("夜里安静", "夜里吵得要命"),
        ],
        "这部电影": [
            ("演得自然", "演得浮夸"),
            ("画面漂亮", "画面粗糙"),
            ("故事感人", "故事无聊"),
            ("配乐好听", "配乐刺耳"),
            ("结尾耐人寻味", "结尾草率"),
        ],
        "这把水壶": [
            ("烧水快", "烧水慢"),
            ("盖子很严", "盖子盖不严"),
            ("没有异味", "有一股塑料味"),
            ("把手不烫", "把手烫手"),
            ("样子好看", "样子难看"),
        ],
        "这趟火车": [
            ("准点发车", "晚点一个小时"),
            ("车厢干净", "车厢很脏"),
            ("座椅宽敞", "座椅又窄又硬"),
            ("乘务员周到", "乘务员很不耐烦"),
            ("盒饭好吃", "盒饭难以下咽"),
        ],
        "这件外套": [
            ("料子厚实", "料子单薄"),
            ("穿着暖和", "穿着一点也不暖和"),
            ("拉链顺滑", "拉链老是卡住"),
            ("尺码正好", "尺码差得离谱"),
            ("洗了不掉色", "一洗就掉色"),
        ],
        "这家面馆": [
            ("面条筋道", "面条软烂"),
            ("汤头很鲜", "汤头没味"),
            ("上菜快", "上菜慢"),
            ("桌子擦得干净", "桌子油腻腻的"),
            ("价格实惠", "价格太贵"),
        ],
    },
    frames={
        "positive": [
            "{p1}，{p2}，{p3}。",
            "{thing}不错，{p1}，{p2}。{verdict}",
            "{p1}，{p2}，{verdict}",
            "虽然{b1}，但是{p2}，{p3}，{verdict}",
            "原来担心{b1}，结果{p1}，{p2}。",
            "{thing}没有让我失望，{p1}，而且{p2}。",
            "除了{b1}，别的都好：{p2}，{p3}。{verdict}",
        ],
        "negative": [
            "{b1}，{b2}，{b3}。",
            "{thing}不行，{b1}，{b2}。{verdict}",
            "{b1}，{b2}，{verdict}",
            "虽然{p1}，但是{b2}，{b3}，{verdict}",
            "都说{p1}，其实{b1}，{b2}。",
            "{thing}太让我失望了，{b1}，而且{b2}。",
            "除了{p1}，别的都差：{b2}，{b3}。{verdict}",
        ],
    },
    verdicts={
        "positive": [
            "很满意。",
            "值得推荐。",
            "下次还会选。",
            "一点也不后悔。",
            "比想的还要好。",
            "物超所值。",
            "没什么可挑剔的。",
            "真心喜欢。",
        ],
        "negative": [
            "很不满意。",
            "不推荐。",
            "不会有下次了。",
            "后悔得很。",
            "比想的还要差。",
            "白花钱。",
            "没什么可说的，差评。",
            "真是受够了。",
        ],
    },
)

GRAMMARS = {"en": ENGLISH, "zh": CHINESE}


def written(language: str, label: str) -> list[str]:
    """The reviews that were written whole, one a line."""
    return (REVIEWS / "written" / f"{language}_{label}.txt").read_text(encoding="utf-8").splitlines()


def compose(grammar: Grammar, label: str, count: int, rng: random.Random) -> list[str]:
    """Compose `count` different reviews, the topics and the frames in turn so that each is heard equally often."""
    topics = list(grammar.topics)
    frames = grammar.frames[label]
    reviews: dict[str, None] = {}
    turn = 0
    while len(reviews) < count:
        thing = topics[turn % len(topics)]
        frame = frames[turn % len(frames)]
        turn += 1
        clauses = {"thing": thing, "verdict": rng.choice(grammar.verdicts[label])}
        for place, (praise, blame) in enumerate(rng.sample(grammar.topics[thing], 3), start=1):
            for letter, clause in (("p", praise), ("b", blame)):
                clauses[f"{letter}{place}"] = clause
                clauses[f"{letter.upper()}{place}"] = clause[0].upper() + clause[1:]
        reviews[frame.format(**clauses)] = None
    return list(reviews)


def make_table(seed: int = SEED) -> bytes:
    """The table as UTF-8 CSV with the columns text and label, shuffled."""
    rng = random.Random(seed)
    rows: list[tuple[str, str]] = []
    for language in LANGUAGES:
        for label in LABELS:
            whole = written(language, label)
            composed = compose(GRAMMARS[language], label, ROWS_EACH - len(whole), rng)
            rows += [(text, label) for text in whole + composed]
    rng.shuffle(rows)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["text", "label"])
    writer.writerows(rows)
    return table.getvalue().encode("utf-8")


if __name__ == "__main__":
    TABLE.write_bytes(make_table())
