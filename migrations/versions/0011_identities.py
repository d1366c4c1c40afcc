"""Several identities a lead: phone numbers, shared keys, where each comes from."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Addresses of a role, behind which several people sit, as they were known at this migration.
ROLES = """
    abuse academy account accountant accounting accounts accueil admin administracao
    administracion administration administrator ads advertising agency anfrage anfragen
    angebot angebote apply archiv assistant atencion atendimento ausbildung bestellung
    bestellungen bewerbung bewerbungen billing biuro board book booking bookings buchhaltung
    buero business career careers cio clients club comercial comercio commercial compliance
    compras compta comptabilite contabilidad contabilita contact contact-us contacto contactus
    contato contatti customer customercare customerservice customersupport datenschutz
    direccion directie direction director direktion dispatch dns donate editor einkauf empfang
    empresa enquire enquiries enquiry events export facturacion fattura faturamento feedback
    finance finanzen fragen front frontdesk ftp general gerencia geschaeftsfuehrung
    geschaeftsleitung gestion gmbh hallo hello help helpdesk hilfe hola hospitality hostmaster
    hotel hr import info informacion informacje informatie information informationen
    informations informazioni infos inquiries inquiry investors invoice invoices it jobs
    juridico karriere klant klantenservice kontakt kunde kundenbetreuung kundendienst
    kundenservice lager lead leads legal leitung logistics logistik mail mailbox main
    maintenance management marketing media members membership mitarbeiter moderator news
    newsletter no-reply noc nomina noreply office office1 office2 oficina online operations
    ops order orders partner partners parts payments payroll personal personalabteilung phish
    phishing portal post postmaster praxis press press-office presse privacy procurement
    produccion production proveedores purchase purchasing recepcao recepcion reception
    rechnung rechnungen recruiting recruitment redaktion registrar registration remove rent
    reservas reservation reservations reservierung rezeption root rrhh sac sales sales-team
    salesteam schulung secretaria secretariat secretary security segreteria sekretariat
    service services shop soporte spam staff stellen store subscribe suggestions support
    supporto sysadmin team tech technical technik test ticket tickets tienda training usenet
    vendas vendite venta ventas verkauf vertrieb verwaltung vorstand warehouse web webadmin
    webmaster website welcome werkstatt www zentrale
"""

KINDS = "kind IN ('email', 'phone', 'external', 'visitor')"
SOURCES = "source IN ('api', 'form', 'connector', 'import', 'merge', 'enrichment', 'migration')"
TABLES = ("leads", "lead_identities")


def upgrade() -> None:
    """Tell shared keys from exclusive ones, and make the phone numbers of leads identities."""
    _force("NO FORCE")
    op.execute("ALTER TABLE lead_identities ADD COLUMN shared BOOLEAN DEFAULT false NOT NULL")
    op.execute("ALTER TABLE lead_identities ADD COLUMN anchor BOOLEAN DEFAULT true NOT NULL")
    op.execute("ALTER TABLE lead_identities ADD COLUMN verified_at TIMESTAMP WITH TIME ZONE")
    op.execute("ALTER TABLE lead_identities ADD COLUMN source TEXT DEFAULT 'migration' NOT NULL")
    op.execute("ALTER TABLE lead_identities ADD COLUMN other_names JSONB DEFAULT '[]' NOT NULL")
    _at_once("ban-drop-default", "ALTER TABLE lead_identities ALTER COLUMN source DROP DEFAULT")
    _at_once(
        "ban-drop-default", "ALTER TABLE lead_identities ALTER COLUMN other_names DROP DEFAULT"
    )
    _dropped("lead_identities_kind_check")
    _dropped("lead_identities_value_key")
    _checked("kind", KINDS)
    _checked("source", SOURCES)
    _checked("anchor", "anchor OR shared")
    op.execute(
        f"""
        UPDATE lead_identities SET shared = true, anchor = false
         WHERE kind = 'email'
           AND split_part(split_part(value, '@', 1), '+', 1)
               = ANY (regexp_split_to_array(btrim('{_roles()}'), ' '))
        """
    )
    op.execute(
        """
        INSERT INTO lead_identities
               (workspace_id, id, lead_id, kind, system, value, shared, anchor, source,
                other_names, created_at)
        SELECT workspace_id, gen_random_uuid(), id, 'phone', '', phone_norm, holders > 1,
               holders = 1, 'migration', '[]', created_at
          FROM (SELECT *, count(*) OVER (PARTITION BY workspace_id, phone_norm) AS holders
                  FROM leads
                 WHERE deleted_at IS NULL AND phone_norm IS NOT NULL AND NOT is_test) AS called
        """
    )
    _at_once("require-concurrent-index-deletion", "DROP INDEX lead_identities_lead_idx")
    _index("UNIQUE INDEX lead_identities_lead_key", "lead_id, kind, system, value")
    op.execute(
        "ALTER TABLE lead_identities ADD CONSTRAINT lead_identities_lead_key "
        "UNIQUE USING INDEX lead_identities_lead_key"
    )
    _index("UNIQUE INDEX lead_identities_anchor_idx", "kind, system, value", " WHERE anchor")
    _index("INDEX lead_identities_value_idx", "kind, system, value, id")
    _force("FORCE")


def downgrade() -> None:
    """Forget phone numbers; of a shared address only the first lead keeps it."""
    _force("NO FORCE")
    op.execute(
        """
        DELETE FROM lead_identities AS gone
         WHERE kind IN ('phone', 'visitor')
            OR EXISTS (SELECT FROM lead_identities AS first
                        WHERE first.workspace_id = gone.workspace_id AND first.kind = gone.kind
                          AND first.system = gone.system AND first.value = gone.value
                          AND first.id < gone.id)
        """
    )
    op.execute("DROP INDEX lead_identities_value_idx")
    op.execute("DROP INDEX lead_identities_anchor_idx")
    _dropped("lead_identities_lead_key")
    _dropped("lead_identities_source_check")
    _dropped("lead_identities_anchor_check")
    _dropped("lead_identities_kind_check")
    for column in ("shared", "anchor", "verified_at", "source", "other_names"):
        op.execute(f"ALTER TABLE lead_identities DROP COLUMN {column}")
    _checked("kind", "kind IN ('email', 'external')")
    _index("UNIQUE INDEX lead_identities_value_key", "kind, system, value")
    op.execute(
        "ALTER TABLE lead_identities ADD CONSTRAINT lead_identities_value_key "
        "UNIQUE USING INDEX lead_identities_value_key"
    )
    _index("INDEX lead_identities_lead_idx", "lead_id")
    _force("FORCE")


def _roles() -> str:
    return " ".join(ROLES.split())


def _force(how: str) -> None:
    """Let the owner see the rows of every workspace, or no longer."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")


def _checked(column: str, rule: str) -> None:
    _at_once(
        "constraint-missing-not-valid",
        f"ALTER TABLE lead_identities ADD CONSTRAINT lead_identities_{column}_check CHECK ({rule})",
    )


def _dropped(name: str) -> None:
    _at_once("ban-drop-constraint", f"ALTER TABLE lead_identities DROP CONSTRAINT {name}")


def _index(what: str, columns: str, condition: str = "") -> None:
    _at_once(
        "require-concurrent-index-creation",
        f"CREATE {what} ON lead_identities (workspace_id, {columns}){condition}",
    )


def _at_once(rule: str, statement: str) -> None:
    """Under the lock that is held anyway: nobody may write before all rows are right."""
    op.execute(f"-- squawk-ignore {rule}\n{statement}")
