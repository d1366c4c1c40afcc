"""E-mail addresses of a role, behind which several people sit."""

# RFC 2142 and what companies use, in the languages their web sites are written in.
ROLES = frozenset(
    """
    abuse academy account accountant accounting accounts accueil admin administracao
    administracion administration administrator ads advertising agency anfrage anfragen angebot
    angebote apply archiv assistant atencion atendimento ausbildung bestellung bestellungen
    bewerbung bewerbungen billing biuro board book booking bookings buchhaltung buero business
    career careers cio clients club comercial comercio commercial compliance compras compta
    comptabilite contabilidad contabilita contact contacto contact-us contactus contato contatti
    customer customercare customerservice customersupport datenschutz direccion direction directie
    director direktion dispatch dns donate editor einkauf empfang empresa enquire enquiries
    enquiry events export facturacion fattura faturamento feedback finance finanzen fragen front
    frontdesk ftp general gerencia geschaeftsfuehrung geschaeftsleitung gestion gmbh hallo hello
    help helpdesk hilfe hola hospitality hostmaster hotel hr import info infos informacion
    informacje informatie information informationen informations informazioni inquiries inquiry
    investors invoice invoices it jobs juridico karriere klant klantenservice kontakt kundendienst
    kundenservice kundenbetreuung kunde lager lead leads legal leitung logistics logistik mail
    mailbox main maintenance management marketing media members membership mitarbeiter moderator
    news newsletter no-reply noc nomina noreply office office1 office2 oficina online operations
    ops order orders partner partners parts payments payroll personal personalabteilung phish
    phishing portal postmaster post praxis presse press press-office privacy procurement
    produccion production proveedores purchase purchasing recepcao recepcion reception rechnung
    rechnungen recruiting recruitment redaktion registrar registration remove rent reservas
    reservation reservations reservierung rezeption root rrhh sac sales sales-team salesteam
    schulung secretaria secretariat secretary security segreteria sekretariat service services
    shop soporte spam staff stellen store subscribe suggestions support supporto sysadmin team
    tech technical technik test ticket tickets tienda training usenet vendas vendite venta ventas
    verkauf vertrieb verwaltung vorstand warehouse web webadmin webmaster website welcome
    werkstatt www zentrale
    """.split()
)


def is_role_address(email: str) -> bool:
    """Whether a normalised address is that of a role; a tag after a plus does not matter."""
    local = email.partition("@")[0].partition("+")[0]
    return local in ROLES
