"""Czech and Polish names of people, companies and cities, as pairs where the woman's form differs."""

from itertools import chain, count
from random import Random
from typing import NamedTuple


class Country(NamedTuple):
    """What people of one country are called and where they live; a city stands as often as its share asks."""

    code: str
    language: str
    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[tuple[str, str], ...]
    cities: tuple[str, ...]
    dial: str
    places: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """“Novák Nováková, Malý Malá” as pairs."""
    return tuple((man, woman) for man, woman in (pair.split() for pair in text.split(",")))


CZECH = Country(
    code="CZ",
    language="cs",
    men=_words(
        "Jan, Jiří, Petr, Pavel, Martin, Tomáš, Jaroslav, Josef, Miroslav, Zdeněk, Václav, Michal, David, Lukáš, "
        "Jakub, Ondřej, Filip, Vojtěch, Adam, Daniel, Marek, Radek, Roman, Karel, František, Milan, Aleš, Libor, "
        "Matěj, Vít, Dominik, Štěpán, Kryštof, Hynek, Šimon, Robert"
    ),
    women=_words(
        "Jana, Marie, Eva, Hana, Anna, Lenka, Kateřina, Lucie, Věra, Alena, Petra, Veronika, Martina, Jitka, Tereza, "
        "Michaela, Zuzana, Ivana, Monika, Markéta, Barbora, Eliška, Kristýna, Adéla, Klára, Nikola, Simona, Pavla, "
        "Denisa, Radka, Dana, Šárka, Natálie, Anežka, Gabriela, Ludmila"
    ),
    surnames=_pairs(
        "Novák Nováková, Svoboda Svobodová, Novotný Novotná, Dvořák Dvořáková, Černý Černá, Procházka Procházková, Kučera Kučerová,"
        " Veselý Veselá, Horák Horáková, Němec Němcová, Pokorný Pokorná, Pospíšil Pospíšilová, Marek Marková, Hájek Hájková,"
        " Jelínek Jelínková, Král Králová, Růžička Růžičková, Beneš Benešová, Fiala Fialová, Sedláček Sedláčková, Doležal Doležalová,"
        " Zeman Zemanová, Kolář Kolářová, Navrátil Navrátilová, Čermák Čermáková, Vaněk Vaňková, Urban Urbanová, Blažek Blažková,"
        " Kříž Křížová, Kovář Kovářová, Bartoš Bartošová, Vlček Vlčková, Polák Poláková, Musil Musilová, Kopecký Kopecká, Šimek Šimková,"
        " Konečný Konečná, Malý Malá, Čech Čechová, Štěpánek Štěpánková, Holub Holubová, Staněk Staňková, Kadlec Kadlecová,"
        " Dostál Dostálová, Soukup Soukupová, Šťastný Šťastná, Mareš Marešová, Moravec Moravcová, Sýkora Sýkorová, Tichý Tichá,"
        " Valenta Valentová, Vávra Vávrová, Matoušek Matoušková, Říha Říhová, Ševčík Ševčíková, Bureš Burešová, Hruška Hrušková,"
        " Mašek Mašková, Dušek Dušková, Hrubý Hrubá, Žižka Žižková, Krejčí Krejčí, Janů Janů, Jirků Jirků"
    ),
    cities=("Praha",) * 11 + ("Brno",) * 3 + _words("Plzeň, Olomouc, Ostrava, Liberec, Kladno, Pardubice, Tábor") + ("Hradec Králové",),
    dial="+420 60",
    places=("Praha",) * 4 + _words("Brno, Plzeň, Olomouc, Liberec"),
)
POLISH = Country(
    code="PL",
    language="pl",
    men=_words(
        "Piotr, Krzysztof, Andrzej, Tomasz, Paweł, Jan, Michał, Marcin, Jakub, Adam, Łukasz, Mateusz, Grzegorz, "
        "Wojciech, Kamil, Bartosz, Rafał, Szymon, Maciej, Dawid, Stanisław, Karol"
    ),
    women=_words(
        "Anna, Katarzyna, Maria, Małgorzata, Agnieszka, Barbara, Ewa, Magdalena, Joanna, Aleksandra, Zofia, Monika, "
        "Julia, Natalia, Karolina, Paulina, Justyna, Dorota, Weronika, Hanna, Kinga, Iga"
    ),
    surnames=_pairs(
        "Nowak Nowak, Kowalski Kowalska, Wiśniewski Wiśniewska, Wójcik Wójcik, Kowalczyk Kowalczyk, Kamiński Kamińska,"
        " Lewandowski Lewandowska, Zieliński Zielińska, Szymański Szymańska, Woźniak Woźniak, Dąbrowski Dąbrowska, Kozłowski Kozłowska,"
        " Mazur Mazur, Jankowski Jankowska, Kwiatkowski Kwiatkowska, Krawczyk Krawczyk, Piotrowski Piotrowska, Grabowski Grabowska,"
        " Pawłowski Pawłowska, Król Król, Wieczorek Wieczorek, Jabłoński Jabłońska, Wróbel Wróbel, Górski Górska, Zawadzki Zawadzka,"
        " Sadowski Sadowska, Ostrowski Ostrowska, Biały Biała, Czarnecki Czarnecka, Sikora Sikora"
    ),
    cities=("Kraków",) * 3 + ("Wrocław",) * 3 + ("Katowice",) * 2 + _words("Warszawa, Poznań, Cieszyn"),
    dial="+48 40",
    places=("Kraków", "Wrocław", "Katowice", "Warszawa"),
)

CZECH_HOUSES = _words("Kavárna, Café, Bistro, Pekárna, Hotel, Penzion, Cukrárna, Studio, Knihkupectví, Vinárna, Kancelář, Čajovna")
CZECH_SIGNS = _words(
    "U Kocoura, Na Rohu, Dvůr, Pod Lipou, Zátiší, Jestřáb, U Dvou sluncí, Klid, Nároží, Za Vodou, Modrá hodina, "
    "Pátek, U Mlýna, Sova, Okno, Na Hradbách, Letná, Skořice, Verze, U Zlaté váhy, Pod Věží, Ořech, Ranní pták, "
    "Stará pošta, Druhý domov, Na Palubě"
)
POLISH_HOUSES = _words("Kawiarnia, Cafe, Bistro, Piekarnia, Hotel, Pensjonat, Cukiernia, Księgarnia")
POLISH_SIGNS = _words(
    "Pod Aniołami, Na Rogu, Czarny Kot, Młyn, Pod Lipą, Ranek, Stara Poczta, Za Mostem, Złota Waga, Sowa, "
    "Niebieski Dom, Orzech, Cichy Kąt, Piątek"
)


def person(random: Random, country: Country) -> str:
    woman = random.random() < 0.55
    return f"{random.choice(country.women if woman else country.men)} {random.choice(country.surnames)[woman]}"


def company(random: Random, country: Country, taken: set[str]) -> str:
    """Two draws, whatever is `taken`: then the next name that is free, and where none is left, the one drawn with a number."""
    houses, signs = (CZECH_HOUSES, CZECH_SIGNS) if country is CZECH else (POLISH_HOUSES, POLISH_SIGNS)
    drawn = f"{random.choice(houses)} {random.choice(signs)}"
    every = [f"{house} {sign}" for sign in signs for house in houses]
    start = every.index(drawn)
    candidates = chain(every[start:], every[:start], (f"{drawn} {number}" for number in count(2)))
    name = next(name for name in candidates if name not in taken)
    taken.add(name)
    return name


def phone(random: Random, country: Country) -> str:
    return f"{country.dial}0 {random.randrange(1000):03d} {random.randrange(1000):03d}"
