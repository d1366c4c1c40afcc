"""What names of people, companies and places are made of."""

GIVEN = (
    "Anna Thomas Maria Michael Andreas Julia Peter Katharina Stefan Alexander Christian Sabine "
    "Daniel Elisabeth Robert Martin Susanne Nicole Markus Johannes Petra Sebastian Claudia "
    "Philipp Lena Matthias Barbara Tobias Franziska William Emma James Olivia David Sophie "
    "Charles Kate Richard Margaret Joseph Isabella Edward Grace Samuel Rebecca Benjamin Victoria "
    "Nathan Pierre Camille Antoine Juliette Giovanni Francesca Lorenzo Chiara Carlos Lucia Javier "
    "Carmen Jan Agnieszka Piotr Magdalena Dmitri Olga Sergei Natalia Ivan Tatiana Mehmet Ayse "
    "Mustafa Elif Kwame Amina Yuki Haruto Wei Mei Priya Rahul Fatima Omar Leila Ingrid Lars "
    "Astrid Björn Freya Jürgen Günter"
).split()

FAMILIES = (
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch "
    "Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann "
    "Lange Krause Lehmann Werner Köhler Maier König Walter Peters Möller Huber Kaiser Fuchs "
    "Scholz Jung Hahn Vogel Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke "
    "Albrecht Ludwig Winter Simon Kraus Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt "
    "Haas Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas "
    "Voigt Sauer Arnold Wolff Pfeiffer Smith Johnson Williams Brown Jones Miller Davis Wilson "
    "Taylor Anderson Clark Lewis Walker Hall Wright Turner Parker Edwards Collins Morris Rogers "
    "Cooper Bailey Kelly Howard Ward Cox Hughes Dubois Moreau Laurent Lefebvre Girard Rossi Russo "
    "Ferrari Bianchi Romano Garcia Fernandez Lopez Martinez Sanchez Nowak Kowalski Wisniewski "
    "Kaminski Ivanov Petrov Sokolov Volkov Popov Yilmaz Kaya Demir Sahin Celik Mensah Okafor "
    "Tanaka Suzuki Sato Chen Wang Liu Sharma Patel Singh Haddad Johansson Andersson Nilsson "
    "Larsen Hansen Olsen O'Brien O'Connor McDonald MacLeod Meyer-Schulz"
).split()

SHORT_FORMS = {
    "Thomas": ("Tom",), "Michael": ("Mike", "Michi"), "Andreas": ("Andi", "Andy"),
    "Katharina": ("Kathi", "Katrin", "Kate"), "Alexander": ("Alex", "Sascha"),
    "Christian": ("Chris",), "Elisabeth": ("Lisa", "Betty", "Elli"), "Robert": ("Rob", "Bob"),
    "Susanne": ("Susi", "Sanne"), "Johannes": ("Hannes", "Hans", "Jo"), "Sebastian": ("Basti",),
    "Philipp": ("Phil",), "Matthias": ("Matze", "Matthi"), "Barbara": ("Babsi", "Barb"),
    "Tobias": ("Tobi",), "Franziska": ("Franzi",), "William": ("Bill", "Will", "Billy"),
    "James": ("Jim", "Jimmy"), "David": ("Dave",), "Charles": ("Charlie", "Chuck"),
    "Richard": ("Rick", "Dick"), "Margaret": ("Maggie", "Peggy"), "Joseph": ("Joe",),
    "Isabella": ("Bella",), "Edward": ("Ed", "Ted"), "Samuel": ("Sam",), "Rebecca": ("Becky",),
    "Benjamin": ("Ben",), "Victoria": ("Vicky", "Tori"), "Giovanni": ("Gianni",),
    "Magdalena": ("Magda", "Leni"), "Dmitri": ("Dima",), "Sergei": ("Serge",),
    "Natalia": ("Natasha",), "Ivan": ("Vanya",), "Tatiana": ("Tanya",), "Daniel": ("Dan", "Danny"),
    "Nathan": ("Nate",), "Carlos": ("Charly",), "Maria": ("Mia",), "Peter": ("Pete",),
}  # fmt: skip

TRANSLITERATED = {
    "Dmitri": "Дмитрий", "Olga": "Ольга", "Sergei": "Сергей", "Natalia": "Наталья", "Ivan": "Иван",
    "Tatiana": "Татьяна", "Ivanov": "Иванов", "Petrov": "Петров", "Sokolov": "Соколов",
    "Volkov": "Волков", "Popov": "Попов", "Tanaka": "田中", "Suzuki": "鈴木", "Wang": "王",
    "Chen": "陈", "Liu": "刘", "Yilmaz": "Yılmaz", "Celik": "Çelik", "Sahin": "Şahin",
    "Wisniewski": "Wiśniewski", "Kaminski": "Kamiński", "Fernandez": "Fernández", "Ayse": "Ayşe",
    "Garcia": "García", "Lopez": "López", "Martinez": "Martínez", "Sanchez": "Sánchez",
    "Haddad": "حداد", "Björn": "Bjorn", "Jürgen": "Juergen", "Günter": "Guenter",
}  # fmt: skip

COMPANY_STEMS = (
    "Nordlicht Alpina Rheinland Bergwerk Silberfuchs Atlas Orion Delta Helios Vertex Quantum "
    "Summit Riverside Pioneer Evergreen Meridian Apex Cascade Lighthouse Keystone Horizon Falcon "
    "Sterling Granite Harbor Aurora Zenith Cobalt Crimson Maple Müller Schmidt Weber Petersen "
    "Lindqvist Moreau Rossi Novak Ivanov Tanaka Osterfeld Hanseatic Baltic Isar Elbtal Neckar "
    "Schwarzwald Mosel Tauern Phoenix Titan Argos Kepler Galileo Newton Pascal Fermi Tesla Edison "
    "Volta Ampere"
).split()
COMPANY_TRADES = (
    "Logistik Software Solar Heizung Dental Textil Bau Medien Energie Consulting Systems Foods "
    "Marine Robotics Packaging Optik Pharma Metall Druck Möbel Gartenbau Elektrotechnik "
    "Immobilien Maschinenbau Catering Analytics Security Events Travel Automation"
).split()
COMPANY_FORMS = "GmbH AG KG Ltd Inc. LLC SARL S.r.l. B.V. AB e.K. SE".split()

FREE_MAIL = (
    "gmail.com",
    "gmail.com",
    "web.de",
    "gmx.de",
    "outlook.com",
    "yahoo.com",
    "t-online.de",
)
ROLE_BOXES = ("info", "info", "kontakt", "sales", "office", "einkauf", "contact")

CITIES = (
    ("Berlin", "10115", "Germany"), ("Berlin", "10437", "Germany"), ("Berlin", "12047", "Germany"),
    ("Hamburg", "20095", "Germany"), ("Hamburg", "22765", "Germany"), ("München", "80331", "DE"),
    ("München", "81667", "DE"), ("Köln", "50667", "Germany"), ("Frankfurt", "60311", "Germany"),
    ("Stuttgart", "70173", "Germany"), ("Düsseldorf", "40213", "Germany"),
    ("Leipzig", "04109", "DE"),
    ("Dresden", "01067", "Germany"), ("Nürnberg", "90402", "Germany"), ("Bremen", "28195", "DE"),
    ("Wien", "1010", "Austria"), ("Wien", "1070", "Austria"), ("Graz", "8010", "Austria"),
    ("Zürich", "8001", "Switzerland"), ("Basel", "4051", "Switzerland"),
    ("Freiburg", "79098", "DE"),
    ("Mainz", "55116", "Germany"), ("Kiel", "24103", "Germany"), ("Erfurt", "99084", "Germany"),
)  # fmt: skip

STREETS = (
    "Hauptstraße Bahnhofstraße Gartenstraße Schulstraße Dorfstraße Bergstraße Lindenstraße "
    "Kirchstraße Waldstraße Ringstraße Schillerstraße Goethestraße Mozartstraße Rosenweg "
    "Birkenweg Ahornweg Marktplatz Schlossallee Uferstraße Parkstraße Mühlenweg Wiesenweg "
    "Amselweg Kastanienallee"
).split()
