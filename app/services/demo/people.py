"""Who appears in the demo: invented people and companies of many cultures.

Addresses lie in the domains that RFC 2606 reserves, phone numbers in ranges kept for fiction, so
nothing sent to them can reach anybody.
"""

import random
import unicodedata
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Culture:
    """Where people come from; names as they write them, `native=latin` in another script."""

    country: str
    language: str
    weight: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[str, ...]
    legal_forms: tuple[str, ...]
    phone: str


_CULTURES = """
Deutschland|de|9|Jürgen Katrin Leonie Björn Aylin Henrike|Müller Schäfer Weiß Brandt Yıldız Großmann|Hamburg Köln Leipzig Nürnberg|GmbH AG KG|+49 30 23125 {:03}
Austria|de|3|Theresa Lukas Franziska|Gruber Hölzl Wieser|Wien Graz Linz|GmbH|
Schweiz|fr|2|Aurélie Beat Seraina|Zürcher Favre Bühlmann|Zürich Lausanne Chur|SA AG|
France|fr|5|Élodie Mathieu Aïcha Gaëtan|Lefèvre Benali Dupré Moreau|Lyon Nantes Toulouse|SARL SAS|+33 1 99 00 1{:03}
Netherlands|nl|3|Sanne Jeroen Fatima|de_Vries van_den_Berg El_Amrani|Utrecht Eindhoven|B.V.|
Polska|pl|4|Agnieszka Łukasz Małgorzata Paweł|Wójcik Kamiński Żak Zielińska|Kraków Wrocław Gdańsk|Sp._z_o.o.|
España|es|4|Begoña Íñigo Lucía Andrés|Núñez Echeverría García Peña|Bilbao Sevilla Valencia|S.L. S.A.|
Italia|it|4|Niccolò Giulia Chiara Salvatore|D'Angelo Esposito Forlì Conti|Torino Bologna Verona|S.r.l. S.p.A.|
United_Kingdom|en|5|Priya Alasdair Siobhan Oluwaseun|O'Connor Patel Adeyemi MacLeod|London Leeds Glasgow Cardiff|Ltd plc|+44 20 7946 0{:03}
USA|en|6|Maria Darnell Emily Hiroshi Keisha|Nguyen Washington Kowalski Ortiz|Denver Portland Minneapolis|Inc. LLC|+1 212 555 01{:02}
Sverige|sv|2|Åsa Östen Linnéa|Sjöberg Åkesson Håkansson|Malmö Umeå|AB|+46 8 465 004 {:02}
Suomi|fi|1|Väinö Aino|Mäkelä Järvinen|Tampere Oulu|Oy|
Türkiye|tr|3|Gökçe İbrahim Şule|Öztürk Çelik Yılmaz|İzmir Bursa|A.Ş.|
Ελλάδα|el|1|Ελένη=Eleni Γιώργος=Giorgos|Παπαδοπούλου=Papadopoulou Νίκας=Nikas|Θεσσαλονίκη|Α.Ε.|
Україна|uk|2|Оксана=Oksana Тарас=Taras|Шевчук=Shevchuk Бондар=Bondar|Львів|ТОВ|
مصر|ar|1|ليلى=Layla عمر=Omar|حسن=Hassan منصور=Mansour|القاهرة|ش.م.م|
ישראל|he|1|נועה=Noa איתן=Eitan|כהן=Cohen מזרחי=Mizrahi|חיפה|בע"מ|
Nigeria|en|2|Chiamaka Babatunde|Okonkwo Adébáyò|Lagos Abuja|Ltd|
Kenya|sw|1|Wanjiru Otieno|Kamau Achieng|Nairobi|Ltd|
भारत|hi|2|अनन्या=Ananya राहुल=Rahul Meenakshi|शर्मा=Sharma Iyer|पुणे|Pvt._Ltd.|
日本|ja|2|遥=Haruka 健太=Kenta|佐藤=Sato 渡辺=Watanabe|大阪 札幌|株式会社|
대한민국|ko|1|지우=Jiwoo 서연=Seoyeon|김=Kim 박=Park|부산|주식회사|
Việt_Nam|vi|1|Thị_Hạnh Văn_Đức|Nguyễn Trần|Đà_Nẵng Huế|JSC|
Brasil|pt|3|João Conceição Thaís|Araújo Gonçalves Sá|Curitiba São_Paulo|Ltda.|
México|es|2|Xóchitl José Guadalupe|Hernández Muñoz|Puebla Mérida|S.A._de_C.V.|
Australia|en|1|Kirra Lachlan|Nakamura Fitzgerald|Perth Hobart|Pty_Ltd|+61 2 5550 1{:03}
"""  # noqa: E501 - a table


def _read_culture(row: str) -> Culture:
    country, language, weight, *lists, phone = row.split("|")
    given, family, cities, legal_forms = (
        tuple(word.replace("_", " ") for word in listed.split()) for listed in lists
    )
    country = country.replace("_", " ")
    return Culture(country, language, int(weight), given, family, cities, legal_forms, phone)


CULTURES = tuple(map(_read_culture, _CULTURES.strip().splitlines()))

COMPANIES = (
    "Nordwind Albatros Quellgrund Bernstein Hafenkontor Lindenhof Sonnfeld Weitblick Morgenrot "
    "Riverbend Cedar Harbour Fernhill Kestrel Meridian Saltmarsh Tamarind Juniper Copperfield "
    "Zephyr Alpenglühn Mistral Azahar Girasol Ponte Cordillera Aurora Fjord Polaris Orhideja "
    "Anatolia Kilima Baobab Sakura Himawari Lotus Jacaranda Ceiba Quetzal Wattle Kauri Halcyon"
).split()

INDUSTRIES = {
    "Housing association": ("Homes", 40, 900),
    "Hotel": ("Hotels", 20, 400),
    "School operator": ("Schools", 60, 600),
    "Property management": ("Estates", 15, 250),
    "Food production": ("Foods", 80, 2500),
    "Logistics": ("Logistics", 50, 3000),
    "Health care": ("Clinics", 120, 4000),
    "Engineering office": ("Engineering", 5, 80),
    "Building services": ("Technics", 10, 150),
    "Retail": ("Markets", 200, 8000),
}

TITLES = (
    "Facility manager",
    "Head of purchasing",
    "Managing director",
    "Technical director",
    "Project engineer",
    "Energy officer",
    "Owner",
    "Sustainability lead",
    "Assistant to the board",
    "Architect",
)

USERS = (
    # name, role, team, time zone
    ("Ines Falkenberg", "admin", None, "Europe/Berlin"),
    ("Marek Nowak", "manager", "Inside sales", "Europe/Warsaw"),
    ("Claire Dubois", "rep", "Inside sales", "Europe/Paris"),
    ("Tobias Krüger", "rep", "Inside sales", "Europe/Berlin"),
    ("Amara Okafor", "rep", "Inside sales", "Europe/London"),
    ("Sofia Lindqvist", "manager", "Key accounts", "Europe/Stockholm"),
    ("Daniel Ruiz", "rep", "Key accounts", "Europe/Madrid"),
    ("Yuki Tanaka", "rep", "Key accounts", "Europe/Berlin"),
)

# Letters that no decomposition turns into ASCII.
_ASCII = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae"})


class Casting:
    """Draws people, each with an address and a number that nobody else in the demo has."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()
        self._companies = [self._company(name) for name in COMPANIES for _ in range(3)]

    def lead(self) -> dict[str, Any]:
        """The fields of a lead as somebody would have typed them."""
        chance = self._chance
        company = chance.choice(self._companies)
        culture: Culture = company["culture"]
        given, given_latin = _drawn(chance, culture.given)
        family, family_latin = _drawn(chance, culture.family)
        fields: dict[str, Any] = {
            "first_name": given,
            "last_name": family,
            "title": chance.choice(TITLES),
            "company": company["name"],
            "email": self._address(given_latin, family_latin),
            "city": chance.choice(culture.cities),
            "country": culture.country,
            "language": culture.language,
        }
        if culture.phone and chance.random() < 0.7 and (number := self._number(culture)):
            fields["phone"] = number
        if chance.random() < 0.6:
            fields |= {
                "website": company["website"],
                "industry": company["industry"],
                "employee_count": company["employees"],
            }
        return fields

    def _company(self, word: str) -> dict[str, Any]:
        chance = self._chance
        culture = chance.choices(CULTURES, [culture.weight for culture in CULTURES])[0]
        industry = chance.choice(list(INDUSTRIES))
        suffix, least, most = INDUSTRIES[industry]
        return {
            "culture": culture,
            "name": f"{word} {suffix} {chance.choice(culture.legal_forms)}",
            "website": f"https://www.{_ascii(word)}-{_ascii(suffix)}.example",
            "industry": industry,
            "employees": chance.randrange(least, most),
        }

    def _number(self, culture: Culture) -> str | None:
        """One of the few that are kept for fiction, while there are any left."""
        numbers = [culture.phone.format(last) for last in range(10, 100)]
        free = [number for number in numbers if number not in self._taken]
        if not free:
            return None
        number = self._chance.choice(free)
        self._taken.add(number)
        return number

    def _address(self, given: str, family: str) -> str:
        local = f"{_ascii(given)}.{_ascii(family)}"
        domain = self._chance.choice(("example.com", "example.org", "example.net"))
        address, number = f"{local}@{domain}", 2
        while address in self._taken:
            address, number = f"{local}{number}@{domain}", number + 1
        self._taken.add(address)
        return address


def user_address(name: str) -> str:
    """The address of a colleague."""
    given, _, family = name.partition(" ")
    return f"{_ascii(given)}.{_ascii(family)}@touchline.example"


def _drawn(chance: random.Random, names: tuple[str, ...]) -> tuple[str, str]:
    native, _, latin = chance.choice(names).partition("=")
    return native, latin or native


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_ASCII))
    return "".join(letter for letter in plain if "a" <= letter <= "z")
