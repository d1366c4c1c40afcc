"""By which names columns go in the exports of others: English, German, French, Spanish and Russian
words, and those of Salesforce, HubSpot, Pipedrive, Odoo and Dynamics.

A target, a colon, its names with bars between; a line that begins with a blank goes on. Names are
compared without case, signs and blanks.
"""

NAMES = """
first_name: first name | firstname | given name | forename | vorname | prénom | prenom | nombre |
  nombre de pila | имя | contact first name
last_name: last name | lastname | surname | family name | nachname | familienname | nom | nom de
  famille | apellido | apellidos | фамилия | contact last name
full_name: name | full name | fullname | contact name | lead name | person name | person - name |
  contact | ansprechpartner | kontaktname | vollständiger name | nom complet | nom et prénom |
  nombre completo | фио | полное имя | контактное лицо | имя контакта | lead | topic owner
title: title | job title | jobtitle | position | job position | person - job title |
  berufsbezeichnung | stelle | funktion | poste | fonction | cargo | puesto | должность
company: company | company name | account name | organization | organisation | organization - name
  | org name | employer | firma | firmenname | unternehmen | gesellschaft | société | entreprise |
  raison sociale | empresa | compañía | nombre de la empresa | компания | организация | название
  компании | partner name | companyname
email: email | e-mail | email address | e-mail address | mail | work email | email 1 |
  emailaddress1 | person - email | email from | primary email | e-mail-adresse | emailadresse |
  mailadresse | adresse e-mail | adresse email | courriel | correo | correo electrónico | correo
  electronico | dirección de correo | электронная почта | почта | эл. почта | емейл | имейл
phone: phone | phone number | telephone | tel | work phone | business phone | telephone1 | person
  - phone | mobile | mobile phone | mobile phone number | cell | cell phone | mobilephone |
  telefon | telefonnummer | rufnummer | handy | handynummer | mobil | téléphone | tél | portable |
  numéro de téléphone | teléfono | telefono | móvil | número de teléfono | телефон | номер
  телефона | мобильный | моб. телефон | phone 1
website: website | web site | website url | url | web | homepage | webseite | internetseite | site
  web | site internet | sitio web | página web | сайт | веб-сайт | websiteurl | company domain
  name | domain
street: street | street address | address | address 1 | address line 1 | address1 line1 | street 1
  | mailing street | straße | strasse | anschrift | adresse | straße und hausnummer | rue | calle
  | dirección | direccion | улица | адрес
city: city | town | mailing city | address1 city | stadt | ort | wohnort | ville | ciudad |
  localidad | город
region: state | region | state/province | state/region | province | county | address1
  stateorprovince | bundesland | kanton | région | département | provincia | estado | comunidad |
  регион | область | край
postal_code: postal code | postcode | zip | zip code | zip/postal code | mailing zip | address1
  postalcode | plz | postleitzahl | code postal | código postal | codigo postal | cp | индекс |
  почтовый индекс
country: country | country/region | mailing country | address1 country | country name | land |
  staat | pays | país | pais | страна
industry: industry | sector | industrycode | branche | industrie | secteur | secteur d'activité |
  industria | отрасль | сфера деятельности
employee_count: employees | number of employees | no. of employees | employee count | company size
  | numberofemployees | numemployees | mitarbeiter | mitarbeiterzahl | anzahl mitarbeiter |
  effectif | nombre de salariés | empleados | número de empleados | сотрудников | количество
  сотрудников | число сотрудников
annual_revenue: annual revenue | revenue | turnover | annualrevenue | yearly revenue | umsatz |
  jahresumsatz | chiffre d'affaires | ca annuel | facturación | ingresos anuales | ingresos |
  выручка | годовой оборот | оборот
annual_revenue_minor: annual revenue minor
currency: currency | currency code | currencyisocode | transaction currency | währung | devise |
  moneda | divisa | валюта | lead currency
language: language | preferred language | sprache | langue | idioma | язык
description: description | notes | note | comments | comment | remarks | internal notes |
  beschreibung | notizen | bemerkung | bemerkungen | anmerkung | kommentar | remarques |
  commentaires | notas | comentarios | descripción | observaciones | описание | комментарий |
  примечание | заметки
source: source | lead source | leadsource | original source | leadsourcecode | lead origin |
  source channel | quelle | lead-quelle | leadquelle | herkunft | origine | source du lead |
  origen | fuente | origen del lead | источник | источник лида | hs analytics source
campaign: campaign | campaign id | campaign name | primary campaign | source campaign |
  utm campaign name | kampagne | campagne | campaña | кампания | marketing campaign
owner: owner | owner id | lead owner | owner email | contact owner | lead owner email |
  salesperson | assigned to | sales rep | besitzer | eigentümer | zuständig | zuständiger |
  vertriebsmitarbeiter
  | propriétaire | responsable | commercial | propietario | comercial | ответственный | менеджер |
  hubspot owner | user id
team: team | team id | sales team | queue | owning team | vertriebsteam | équipe | equipo |
  команда |
  отдел
external_id: id | lead id | record id | external id | externalid | contact id | person - id | lead
  - id | leadid | (do not modify) lead | hs object id | kennung | kundennummer | identifiant |
  identificador | идентификатор | database id
lead_id: touchline id | touchline lead id
created_at: created | created at | created on | createdon | create date | created date |
  createdate | date created | creation date | lead created | lead - lead created | erstellt |
  erstellt am | erstelldatum | anlagedatum | date de création | créé le | fecha de creación |
  creado el | creado | дата создания | создан
touch.kind: activity type | touch type | event type | interaction | type | kind | activity |
  aktivität | aktivitätstyp | type d'activité | tipo de actividad | тип | тип активности
touch.occurred_at: activity date | date | due date | occurred at | timestamp | time | event date |
  datum | zeitpunkt | date d'activité | fecha | fecha de actividad | дата | member first
  associated date | first responded date
touch.summary: subject | summary | activity subject | betreff | zusammenfassung | objet | asunto |
  тема
touch.campaign: touch campaign
touch.channel: channel | kanal | canal | канал
touch.page_url: page url | landing page | first page seen | zielseite | page d'atterrissage |
  página de destino
touch.referrer: referrer | referer | first referring site | verweis
touch.utm_source: utm source | utmsource
touch.utm_medium: utm medium | utmmedium
touch.utm_campaign: utm campaign | utmcampaign
touch.utm_term: utm term | utmterm
touch.utm_content: utm content | utmcontent
touch.external_id: activity id | task id | event id | engagement id
converted_at: converted at | converted date | converteddate | conversion date | konvertiert am |
  konvertierungsdatum | date de conversion | fecha de conversión | дата конверсии | date closed
account.name: converted account | deal company | associated company | account
opportunity.name: opportunity | opportunity name | converted opportunity | deal | deal name | deal
  - title | verkaufschance | opportunité | affaire | oportunidad | negocio | сделка | название
  сделки
opportunity.amount: amount | deal value | deal amount | deal - value | expected revenue | est.
  revenue | betrag | auftragswert | montant | importe | monto | сумма | сумма сделки
opportunity.currency: deal currency | deal - currency | opportunity currency
opportunity.stage: stage | deal stage | deal - stage | stagename | phase | verkaufsphase | étape |
  etapa | этап | этап сделки | pipeline stage
opportunity.close_on: close date | closed date | expected close date | closedate | expected
  closing | est. close date | abschlussdatum | date de clôture | fecha de cierre | дата закрытия
audit.field: field | field name | field / event | changed field | attribute | property | feld |
  feldname | champ | campo | поле | property name
audit.old: old value | old | from | previous value | alter wert | ancienne valeur | valor anterior
  | старое значение
audit.new: new value | new | to | value | neuer wert | nouvelle valeur | valor nuevo | nuevo valor
  | новое значение
audit.at: edit date | changed at | changed on | modified on | geändert am | date de modification |
  fecha de modificación | дата изменения
audit.by: edited by | changed by | modified by | user | geändert von | modifié par | modificado
  por | кем изменено | автор
"""


def column_names_of() -> dict[str, list[str]]:
    """The names of columns by target."""
    entries = NAMES.strip().replace("\n ", " ").splitlines()
    told = (entry.partition(":") for entry in entries)
    return {target: [name.strip() for name in names.split("|")] for target, _, names in told}
