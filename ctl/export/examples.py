"""A sentence to try a model on, in the language that it tags: words and punctuation marks between spaces."""

from __future__ import annotations

ENGLISH = "Anna lives in Berlin ."
SENTENCES = {  # "Anna lives in Berlin.", by language
    "ar": "تعيش آنا في برلين .",
    "bg": "Анна живее в Берлин .",
    "ca": "Anna viu a Berlín .",
    "cs": "Anna žije v Berlíně .",
    "da": "Anna bor i Berlin .",
    "de": "Anna wohnt in Berlin .",
    "el": "Στο Βερολίνο ζει η Άννα .",
    "es": "Ana vive en Berlín .",
    "et": "Anna elab Berliinis .",
    "eu": "Anna Berlinen bizi da .",
    "fa": "آنا در برلین زندگی می‌کند .",
    "fi": "Anna asuu Berliinissä .",
    "fr": "Anna habite à Berlin .",
    "he": "אנה גרה בברלין .",
    "hi": "अन्ना बर्लिन में रहती है ।",
    "hr": "Ana živi u Berlinu .",
    "hu": "Anna Berlinben él .",
    "id": "Anna tinggal di Berlin .",
    "it": "Anna vive a Berlino .",
    "ja": "ア ン ナ は ベ ル リ ン に 住 ん で い る 。",
    "ko": "안나는 베를린에 산다 .",
    "lt": "Ana gyvena Berlyne .",
    "lv": "Anna dzīvo Berlīnē .",
    "nl": "Anna woont in Berlijn .",
    "no": "Anna bor i Berlin .",
    "pl": "Anna mieszka w Berlinie .",
    "pt": "Ana mora em Berlim .",
    "ro": "Ana locuiește în Berlin .",
    "ru": "Анна живёт в Берлине .",
    "sk": "Anna žije v Berlíne .",
    "sl": "Ana živi v Berlinu .",
    "sv": "Anna bor i Berlin .",
    "sw": "Anna anaishi Berlin .",
    "tr": "Anna Berlin'de yaşıyor .",  # noqa: RUF001
    "uk": "Анна живе в Берліні .",
    "vi": "Anna sống ở Berlin .",
    "zh": "安 娜 住 在 柏 林 。",
}


def example(language: str | None) -> str:
    """The sentence in a language; in English where it is not among those known."""
    return SENTENCES.get(language or "", ENGLISH)
