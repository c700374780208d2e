<?php
// POST /send  phone, body    texts a patient; answers with the message's id
// GET  /state?id=…           what became of it
// POST /results              where Plum tells each status
// POST /texts                where Plum posts what patients text

declare(strict_types=1);

require __DIR__ . '/../clinic.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$route = $_SERVER['REQUEST_METHOD'] . ' ' . $path;

if ($route === 'POST /send') {
    $own = 'http://' . $_SERVER['HTTP_HOST'];
    try {
        echo send_text($_POST['phone'], $_POST['body'], $own . '/results');
    } catch (NotTaken $error) {
        http_response_code(502);
        echo $error->getMessage();
    }
} elseif ($route === 'GET /state') {
    echo state_of($_GET['id']);
} elseif ($route === 'POST /results') {
    keep_status($_POST['sms_message_id'], $_POST['status']);
} elseif ($route === 'POST /texts') {
    header('Content-Type: text/xml; charset=utf-8');
    echo reply(answer_to($_POST['body']));
} else {
    http_response_code(404);
}
