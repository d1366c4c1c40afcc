"""What people call the fields of their forms, in several languages, and which of ours they mean."""

import re
from collections.abc import Mapping
from typing import Any

from app.adapters.vendors.shapes import only, text, url
from app.domain.intake.mapping import is_blank

_ADDRESS = re.compile(r"[^\s@<>\"',;:()]{1,64}@[^\s@<>\"',;:()]{1,189}\.[^\s@.<>\"',;:()0-9]{2,63}")

_NAMES = {
    "email": "email e_mail mail email_address e_mail_address emailaddress user_email work_email "
    "business_email your_email contact_email mail_address emailadresse e_mail_adresse "
    "mailadresse courriel adresse_email correo correo_electronico indirizzo_email epost",
    "first_name": "first_name firstname first fname given_name your_first_name vorname prenom "
    "nombre_de_pila nome_proprio voornaam forename",
    "last_name": "last_name lastname last lname surname family_name your_last_name nachname "
    "familienname nom_de_famille apellido apellidos cognome achternaam zuname",
    "full_name": "name full_name fullname your_name contact_name your_full_name vor_und_nachname "
    "vorname_und_nachname ihr_name vollstaendiger_name nombre nombre_completo nom nome "
    "nome_completo naam kontaktname ansprechpartner",
    "phone": "phone telephone tel phone_number phonenumber mobile mobile_phone mobilephone "
    "mobile_number cell cell_phone your_phone your_tel work_phone telefon telefonnummer "
    "handy handynummer mobil rufnummer numero_de_telephone telefono numero_di_telefono "
    "telefoon telefoonnummer whatsapp whatsapp_number contact_number",
    "company": "company company_name companyname organisation organization business "
    "business_name your_company firma firmenname unternehmen entreprise societe empresa "
    "azienda bedrijf bedrijfsnaam employer",
    "title": "job_title jobtitle position role job_role your_position berufsbezeichnung funktion "
    "jobbezeichnung poste fonction cargo puesto functie",
    "website": "website web url website_url company_website homepage site_web sitio_web webseite "
    "internetseite",
    "street": "street street_address address address_1 address1 address_line_1 addr1 strasse "
    "anschrift strasse_und_hausnummer rue adresse direccion indirizzo straat",
    "city": "city town ort stadt wohnort ville ciudad citta stad",
    "region": "state region province state_province county bundesland kanton provincia",
    "postal_code": "zip zip_code zipcode postal_code postalcode postcode post_code plz "
    "postleitzahl code_postal codigo_postal cap",
    "country": "country country_name country_code land pays pais paese",
    "industry": "industry branche sector secteur",
    "employee_count": "employee_count employees number_of_employees numemployees company_size "
    "mitarbeiter mitarbeiterzahl anzahl_mitarbeiter",
    "language": "language locale sprache langue idioma",
    "description": "message your_message comments comment notes note description enquiry inquiry "
    "question nachricht ihre_nachricht mitteilung bemerkung kommentar anfrage anliegen "
    "mensaje messaggio bericht commentaire",
}
_MEANT = {name: field for field, names in _NAMES.items() for name in names.split()}


def folded(name: str) -> str:
    """`Your E-Mail *` as your_e_mail."""
    spelled = name.casefold().replace("ß", "ss").replace("ä", "ae").replace("ö", "oe")
    spelled = spelled.replace("ü", "ue").replace("é", "e").replace("è", "e").replace("ó", "o")
    return re.sub(r"[^a-z0-9]+", "_", spelled[:200]).strip("_")


def meant(name: str) -> str | None:
    """The field of a lead that a form's field of this name stands for."""
    plain = folded(name)
    return _MEANT.get(plain) or _MEANT.get(re.sub(r"_?\d+$", "", plain))


def suggested(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a lead that can be told from the names of the answers.

    The first that says something counts. An e-mail address is known by its shape as well.
    """
    fields: dict[str, Any] = {}
    for name, value in answers.items():
        said, field = only(value), meant(name)
        if field is None or field in fields or is_blank(said) or isinstance(said, dict):
            continue
        if isinstance(said, list):
            said = ", ".join(part for item in said if (part := text(item)))
        if fits(field, said):
            fields[field] = said
    if "email" not in fields and (address := the_address(answers)):
        fields["email"] = address
    return fields


def fits(field: str, said: Any) -> bool:
    """Whether the value can be what the field's name promises: a box `E-mail?` may say `yes`."""
    if isinstance(said, bool) or is_blank(said):
        return False
    if field == "email":
        return "@" in str(said)
    if field == "website":
        return url(said) is not None or "." in str(said)
    if field in {"phone", "employee_count"}:
        return any(letter.isdigit() for letter in str(said))
    return True


def the_address(answers: Mapping[str, Any]) -> str | None:
    """The one answer that is an e-mail address, if there is exactly one."""
    found = {
        said
        for value in answers.values()
        if (said := text(only(value))) and len(said) <= 254 and _ADDRESS.fullmatch(said)
    }
    return found.pop() if len(found) == 1 else None
