"""Telephone numbers: one spelling for however many ways to write a number."""

import re

import phonenumbers

# With fewer it tells nobody apart, and nobody could be called there.
FEWEST_DIGITS = 6
# Words behind the last digit would be read as dialled by letters.
_BEHIND = re.compile(r"(?<=\d)\D+\Z")


def phone_key(phone: str, country: str, home: str) -> str:
    """The digits of the number with its country (E.164); empty for what is no number.

    One that does not say its country is of `country`, else of `home`.
    """
    if not any(letter.isdigit() for letter in phone):
        return ""
    phone = _BEHIND.sub("", phone)
    for region in dict.fromkeys(region for region in (country, home) if region):
        try:
            number = phonenumbers.parse(phone, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
    return ""


def digits_of(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())
