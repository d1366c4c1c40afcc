"""Every vendor by its name."""

from app.adapters.vendors import Vendor
from app.adapters.vendors.calendly import Calendly
from app.adapters.vendors.contact_form_7 import ContactForm7
from app.adapters.vendors.elementor import Elementor
from app.adapters.vendors.generic_json import GenericJson
from app.adapters.vendors.google_ads import GoogleAds
from app.adapters.vendors.gravity_forms import GravityForms
from app.adapters.vendors.hubspot_forms import HubSpotForms
from app.adapters.vendors.linkedin import LinkedIn
from app.adapters.vendors.mail import Email
from app.adapters.vendors.mailchimp import Mailchimp
from app.adapters.vendors.meta_lead_ads import MetaLeadAds
from app.adapters.vendors.salesforce_web_to_lead import SalesforceWebToLead
from app.adapters.vendors.typeform import Typeform
from app.adapters.vendors.unbounce import Unbounce
from app.adapters.vendors.webflow import Webflow

_ALL: tuple[Vendor, ...] = (
    SalesforceWebToLead(),
    HubSpotForms(),
    GoogleAds(),
    MetaLeadAds(),
    LinkedIn(),
    Typeform(),
    Calendly(),
    Webflow(),
    Elementor(),
    GravityForms(),
    ContactForm7(),
    Unbounce(),
    Mailchimp(),
    GenericJson(),
    Email(),
)
VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in _ALL}
