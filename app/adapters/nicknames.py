"""Which given names stand for the same person: short forms, spellings, and other languages."""

from functools import cache

from app.adapters.name_forms import folded

# The fullest form first; an indented line continues its group. A short form may be in several.
_GROUPS = """
alexander alex alec lex alejandro aleksandr aleksander alessandro alexandre sandro sascha sasha
    sander xander oleksandr iskander
alexandra alex alexa sandra sasha sascha alessandra aleksandra oleksandra
abigail abby gail
adelaide addie heidi
albert al bert alberto albrecht
alfred al fred alfredo alf
alan al allan allen
amanda mandy
andrew andy andi drew andreas andrei andrey andrzej andre andres andrea anders andriy ondrej
angela angie angelika
anna ann anne annie anya hanna hannah ana anni anouk nan nancy
anthony tony anton antonio antoine antonius toni
arthur art artur arturo
barbara barb babs babsi bärbel barbro varvara
benjamin ben benny benji benjamín
bernard bernie bernd bernhard bernardo
bradley brad
brian bryan
caroline carol carolyn carrie karoline carolina karolina
catherine cathy kate katie kathy katherine kathryn kathleen cate kat kit kathi kati katharina
    katrin katarina ekaterina yekaterina katya catalina caterina katja käthe kateryna
charles charlie chuck carl karl carlos carlo chas karel
charlotte lotte charlie lottie
christian chris kristian cristian
christina chris tina kristina christine kristin cristina kirsten krystyna christel
christopher chris kit topher christoph christophe cristobal kristof krzysztof christos
clifford cliff
cynthia cindy
daniel dan danny daniele danilo danila
david dave davey davide dawid dawud davy
deborah deb debbie debby debra
dennis denis denny
diana diane
dimitri dmitri dmitry dmytro dima dimitrios dmitriy
dominic dominik nick dom domenico
donald don donnie
dorothy dot dottie dolly dorothea doro
douglas doug
edward ed eddie ted ned eduard eduardo edoardo edouard teddy
edgar ed
edwin ed
eleanor ellie nora elena lena nell leonora eleonore
elizabeth beth betty liz lizzie eliza elsa elisabeth elise lisa liza bess libby ella elisa
    lisbeth elisabetta isabel yelizaveta elizaveta erzsebet alzbeta
emily emma em emilie emilia
emmanuel manny manuel manolo emanuel
eugene gene yevgeny evgeny evgeni eugen eugenio yevgeniy evgeniy
evelyn eve evie eva
frances fran francesca franziska fanny francoise
francis frank fran francisco francesco francois franz paco frantisek franciszek
frederick fred freddy rick friedrich frederic fritz federico fryderyk fredrik
gabriel gabe gabi
gabriele gabi gaby gabriela gabrielle
george georg jorge giorgio georges jerzy juri yuri jörg jürgen yuriy iuri juergen georgios
gerald gerry jerry gerard gerhard gerd gert gerardo
gertrude trudy
gregory greg gregor grigori grigory gregorio grigoriy
guillermo guille
hans johannes johann johan hannes jan
harold harry hal harald
heinrich heinz henry henrik enrico henri enrique hank harry henryk hendrik
helen nell helena elena helene jelena yelena olena
hubert bert
igor ihor
isabella bella isabel isabelle izzy isa
jacob jake jakob jakub
jacqueline jackie
james jim jimmy jamie jaime jem jacques diego jaap giacomo
janet jan
jason jay
jean jeanne jeannie
jeffrey jeff geoffrey geoff
jennifer jen jenny jenna
jeremy jerry jeremias
jessica jess jessie
joan joanie
joanna jo johanna joanne hanna giovanna
john jack johnny jon jonny jean juan giovanni ivan ian sean jan johann johannes hans joao
    ioannis vanya evan
jonathan jon nathan jonny jonathon
joseph joe jose josef giuseppe pepe jozef joey josip yusuf yosef osip iosif
joshua josh
judith judy
julia julie giulia yulia juliana jule yuliya iuliia
katherine kate
kenneth ken kenny
kimberly kim
larisa lara
lawrence larry laurence lorenzo lorenz laurent lars
leonard leo len lenny leonardo leonid leonhard
leonhard leo hardy
lillian lily lilly
louis lou louie luis luigi ludwig lewis lutz ludovic
lucas luke luca lukas luc lukasz
ludmila lyudmila mila liudmila
magdalena magda lena madeleine maggie
margaret maggie meg peggy marge margie greta rita margarita margarete marguerite margot gretchen
    margit margherita
maria mary marie mia mariya mariia molly polly mitzi marija maryam
mark marc marco marcus markus marek marcos
martha marty marta
martin marty martino marten
matthew matt matthias mathias matteo mateo mateusz matti matvei matthieu mathieu
maximilian max maxim massimo maxime maksim maksym
maxwell max
melissa missy mel
michael mike mick mickey micha michi michel miguel michele mikhail mischa misha michal mikael
    mihai mykhailo michail mikhael
michelle shelly micheline
mohammed muhammad mohamed mohammad mehmet mo mohamad muhammed ahmed
natalie natalia nat natasha nataliya natalya nathalie
nathaniel nat nate nathan
nicholas nick nicky nicolas nikolaus klaus nikolai niklas nico nicola nikola claus nikolay
    niccolo nikolas mykola miklos
nicole nicki nikki
olga olya
oliver ollie olivier
oscar oskar
pamela pam
patricia pat patty trish tricia patrizia
patrick pat paddy patrik patricio
paul pablo paolo pavel paulo paulus pawel pavlo
peter pete pedro pietro pierre petr pyotr piotr piet petros petro
philip phil filip philipp felipe philippe filippo pip
priscilla cilla
rachel rae
rafael raphael rafa rafaele
raymond ray raimund ramon
rebecca becky becca rebekka
reginald reg reggie
reinhard reiner rainer
richard rick ricky dick rich richie ricardo riccardo rikard ryszard
robert rob robbie bob bobby bert roberto robin rupert ruprecht
roderick rod roderich
rodney rod
roland rolando orlando
ronald ron ronnie
rosemary rose rosie rosmarie
rudolf rudi rudy rodolfo
samantha sam
samuel sam sammy
sebastian seb basti bastian sebastien sebastiano
sergei sergey sergio serge serhiy sergiy serhii serge sergej
sophia sophie sofia sofie sonja sonya
stephanie steph stefanie steffi stefania
stephen steve steven stefan steffen stephan etienne esteban stefano istvan stepan sven
susan sue susie susi suzanne susanne susanna suzy suse zuzana
svetlana sveta
tatiana tanya tatyana tania tanja
teresa terry tess theresa therese tessa
terence terry
theodore ted teddy theo theodor fyodor fedor teodoro
thomas tom tommy tomas tommaso tomasz thom
timothy tim timmy timo
tobias toby tobi
ulrich uli ulli
ursula uschi ulla
valentin valentino valya
valeria valerie val
vanessa nessa
veronica ronnie vera veronika
victor vic viktor vittorio
victoria vicky tori viktoria vika
vincent vince vinny vincenzo vicente vinzenz
virginia ginny ginger
vladimir vova volodymyr wladimir vladimiro wolodymyr
walter walt wally walther gualtiero
wilhelm willi willy william bill billy will guillaume guglielmo wil willem liam guillermo
    vilhelm wim
wolfgang wolf
xavier javier
yevgenia evgenia eugenia zhenya
zachary zach zack
"""


@cache
def _roots() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _GROUPS.replace("\n   ", "").strip().splitlines():
        names = [folded(name) for name in line.split()]
        for name in names:
            roots = found.setdefault(name, [])
            if names[0] not in roots:
                roots.append(names[0])
    return {name: tuple(roots) for name, roots in found.items()}


def roots_of(given: str) -> tuple[str, ...]:
    """The full forms that a folded given name may stand for; none for a name nobody listed."""
    return _roots().get(given, ())
