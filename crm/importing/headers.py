"""The names that columns have in the exports of shops, tills and invoicing programs, in English, Czech and Polish.

Folded, as crm.importing.columns.plain writes them. Where a file has several names of one field, the one that stands first here is read.
"""

# Shopify writes the order's number into "Name"; these columns are in no other export.
SHOPIFY = frozenset({"financial status", "lineitem name"})
SHOPIFY_ALIASES = {"order": "name", "name": "billing name"}


# Columns that hold a name, and in some files an id beside a column of names.
ID_OR_NAME = frozenset({"customer", "client", "buyer", "zakaznik", "klient", "odberatel", "kupujici", "kupujacy", "nabywca", "kontrahent"})


def listed(text: str) -> tuple[str, ...]:
    """The words of a list that is written over several lines."""
    return tuple(" ".join(text.split()).split(", "))


ALIASES = {
    # At the end the number of a company, for invoices that know their customer by nothing else.
    "customer": listed("""
        customer id, customerid, external id, id customer, customer no, customer number, customer code, client id, clientid,
        client number, client no, client code, user id, userid, buyer id, account id, contact id, member id, cust id, id zakaznika,
        zakaznik id, cislo zakaznika, kod zakaznika, zakaznicke cislo, id klienta, klient id, cislo klienta, kod klienta, id odberatele,
        id kupujiciho, id kupujacego, numer klienta, nr klienta, id nabywcy, identyfikator klienta, ic, ico, ic odberatele,
        ico odberatele, nip nabywcy, nip
    """),
    "email": listed("""
        email, e mail, customer email, customer e mail, client email, client e mail, email address, e mail address, buyer email,
        buyer e mail, billing email, contact email, user email, customer email address, mail, email zakaznika, e mail zakaznika,
        emailova adresa, e mailova adresa, email klienta, e mail klienta, email odberatele, e mail odberatele, email kupujiciho,
        adres email, adres e mail, email nabywcy, e mail nabywcy, email kupujacego, e mail kupujacego
    """),
    "name": listed("""
        customer name, client name, buyer name, full name, customer full name, name, billing name, billfullname, contact name,
        company name, customer, client, buyer, jmeno zakaznika, jmeno a prijmeni, jmeno, cele jmeno, zakaznik, nazev zakaznika, klient,
        nazev jmeno, odberatel, nazev odberatele, kupujici, imie i nazwisko, nazwa klienta, nazwa nabywcy, nabywca, kontrahent,
        nazwa kontrahenta, kupujacy, imie, nazwa
    """),
    "date": listed("""
        date, order date, orderdate, date of order, ordered at, ordered on, date ordered, order created at, created at, created,
        created on, created utc, create date, creation time, creation date, date created, date add, order placed at, purchase date,
        purchased at, purchased on, transaction date, sale date, invoice date, issued on, issue date, timestamp, date time, datetime,
        datum, datum objednavky, datum a cas objednavky,
        datum objednani, datum vytvoreni, vytvoreno, datum a cas, datum nakupu, datum prodeje, datum vystaveni,
        vystaveno, objednano, datum transakce, data, data zamowienia, data zlozenia zamowienia, data zakupu, data sprzedazy,
        data wystawienia, data utworzenia, data transakcji, utworzono, zlozone, paid at, paid on, datum platby, data platnosci
    """),
    # Shoptet repeats the order's total in every row: where there is the row's own (item…), it is the one to add up.
    "amount": listed("""
        amount, order amount, total amount, order total amount, order total, total, grand total, total price, dollar value,
        itemtotalpricewithvat, orderitemtotalpricewithvat, totalpricewithvat, total price with vat, pricetopay, totaltopayamount,
        total collected, net revenue, revenue, n revenue, net sales, sales, gross sales, value, order value, payment sum, total paid,
        amount paid, price, sum, turnover, spend, castka, castka celkem, celkova castka, castka s dph,
        celkova castka s dph, cena celkem, cena celkem s dph, celkova cena, celkova cena s dph, cena objednavky celkem,
        cena objednavky s dph, celkova cena objednavky, celkova hodnota, hodnota objednavky, celkem s dph, cena s dph, celkem,
        celkem k uhrade, castka k uhrade, cena k uhrade, k uhrade, cena, trzba, obrat, suma, hodnota, kwota, kwota brutto, wartosc, brutto,
        wartosc zamowienia, wartosc zamowienia brutto, kwota zamowienia, suma zamowienia, wartosc brutto, suma brutto, razem, razem brutto,
        do zaplaty, kwota do zaplaty, kwota calkowita, laczna kwota, laczna wartosc, suma calkowita, cena brutto, cena calkowita,
        castka bez dph, cena celkem bez dph, celkova cena bez dph, celkova castka bez dph, celkem bez dph, cena bez dph, kwota netto,
        wartosc netto, wartosc zamowienia netto, razem netto, suma netto, cena netto, total excl vat, total without vat, total excl tax
    """),
    "order": listed("""
        order id, orderid, id order, order number, order no, order nr, order code, order reference, order, orders id, invoice number,
        invoice no, transaction id, transactionid, document number, code, cislo dokladu, cislo objednavky, kod objednavky, id objednavky,
        objednavka, cislo faktury, variabilni symbol, doklad, numer zamowienia, nr zamowienia, id zamowienia, zamowienie, numer faktury,
        nr faktury, numer dokumentu, numer, number, reference, id, invoice id, receipt number
    """),
    "status": listed("""
        payment status, paymentstatus, financial status, order status, status, statusname, order status name, state, stav uhrady,
        stav platby, stav objednavky, stav, status platnosci, status zamowienia, stan, stan zamowienia
    """),
    "channel": listed("""
        channel, sales channel, order channel, order source, sourcename, source name, source, shop, store, marketplace, kanal,
        prodejni kanal, zdroj objednavky, zdroj, pobocka, kanal sprzedazy, zrodlo zamowienia, zrodlo, sklep
    """),
    "cost": listed("""
        cost, costs, total cost, order cost, cost of goods, cost of goods sold, cogs, purchase price, cost price, naklad, naklady,
        nakupni cena, porizovaci cena, koszt, koszty, koszt zakupu, cena zakupu
    """),
    "product": listed("""
        product, product name, item name, itemname, orderitemname, lineitem name, line item name, item, product title, produkt,
        nazev produktu, zbozi, nazev zbozi, polozka, nazev polozky, nazwa produktu, towar, nazwa towaru, pozycja
    """),
    "quantity": listed("""
        quantity, qty, item quantity, itemamount, orderitemamount, lineitem quantity, product quantity, units, pieces, mnozstvi, pocet,
        pocet kusu, ks, kusu, ilosc, liczba, liczba sztuk, sztuk, szt
    """),
    "currency": listed("""
        currency, currency code, order currency, totaltopaycurrency, mena, kod meny, waluta, kod waluty
    """),
}
